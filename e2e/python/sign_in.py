"""Signs in at any Kubeflow door the way people's scripts do: follow redirects, fill in forms.

Usage: sign_in.py URL CA_FILE|- LOGIN PASSWORD
Prints one JSON line: {"status", "url", "cookies", "signed_in"}.
"""

import json
import re
import sys
from html import unescape
from urllib.parse import urljoin

import requests


def form_of(page):
    form = re.search(r"<form\b([^>]*)>(.*?)</form>", page.text, re.S | re.I)
    if form is None:
        return None
    attributes, inner = form.groups()

    def attribute(text, name):
        found = re.search(name + r'\s*=\s*"([^"]*)"', text, re.I)
        return unescape(found.group(1)) if found else None

    fields = {
        attribute(one, "name"): attribute(one, "value") or ""
        for one in re.findall(r"<input\b([^>]*)>", inner, re.I)
        if (attribute(one, "type") or "").lower() == "hidden" and attribute(one, "name")
    }
    names = {attribute(one, "name") for one in re.findall(r"<input\b([^>]*)>", inner, re.I)}
    method = (attribute(attributes, "method") or "get").lower()
    return method, urljoin(page.url, attribute(attributes, "action") or ""), fields, names


def main(url, ca_file, login, password):
    session = requests.Session()
    session.trust_env = False
    session.verify = True if ca_file == "-" else ca_file
    page = session.get(url, allow_redirects=True)
    tried = False
    for _ in range(6):
        form = form_of(page)
        if form is None:
            break
        method, action, fields, names = form
        if "password" in names:
            if tried:
                break
            tried = True
            fields.update(login=login, password=password)
        elif "approval" in names:
            fields["approval"] = "approve"
        elif page.status_code != 403:
            break
        send = session.post if method == "post" else session.get
        page = send(action, **({"data": fields} if method == "post" else {"params": fields}))
    signed_in = page.status_code == 200 and not (form_of(page) and "password" in form_of(page)[3])
    print(
        json.dumps(
            {
                "status": page.status_code,
                "url": page.url,
                "cookies": sorted(cookie.name for cookie in session.cookies),
                "signed_in": signed_in,
            }
        )
    )


if __name__ == "__main__":
    main(*sys.argv[1:5])
