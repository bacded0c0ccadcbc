"""Each line of stdin: kind, host, port, file with roots. Answers `ok` or the error, one line each."""

import socket
import ssl
import sys


def shake(kind: str, host: str, port: int, roots: str) -> None:
    if kind == "requests":
        import requests.adapters
        import urllib3

        pool = urllib3.HTTPSConnectionPool(
            "127.0.0.1", port, ca_certs=roots, server_hostname=host, retries=False
        )
        pool.request("GET", "/")
        return
    context = ssl.create_default_context(cafile=roots)
    if kind == "python3.13":
        # What create_default_context() sets from that version on.
        context.verify_flags |= ssl.VERIFY_X509_STRICT | 0x80000
    with socket.create_connection(("127.0.0.1", port), timeout=10) as plain:
        with context.wrap_socket(plain, server_hostname=host):
            pass


for line in sys.stdin:
    kind, host, port, roots = line.rstrip("\n").split("\t")
    try:
        shake(kind, host, int(port), roots)
        print("ok", flush=True)
    except Exception as error:
        print(str(error).replace("\n", " "), flush=True)
