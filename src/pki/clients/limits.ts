import { isIP } from 'node:net'
import type { Certificate } from '../certificate.ts'
import { type Constraints, liesIn, liesUnder, rangeText, type Subtrees } from '../constraints.ts'
import { beginsWith } from '../distinguished-name.ts'
import { ipOctets } from '../names.ts'
import { type Client, openssl } from './client.ts'
import { selfIssued } from './path.ts'
import type { Objection } from './rules.ts'

/**
 * What a limited authority has against the names of what is below it (RFC 5280 §4.2.1.10), as `client`
 * compares them. `below` is leaf first.
 */
export function outsideOf(
  client: Client,
  limits: Constraints,
  below: readonly Certificate[],
  authority: string,
): Objection | string | undefined {
  // Go knows four kinds of names, and no critical extension that speaks of others.
  const unread =
    limits.others || [limits.permitted, limits.excluded].some((list) => list.directories.length > 0)
  if (client === 'go' && limits.critical && unread)
    return `\`${authority}\` is limited in kinds of names that it does not know`
  for (const [at, one] of below.entries()) {
    // An authority's own certificate for itself is not held against it.
    if (at > 0 && selfIssued(one)) continue
    const bad = client === 'go' && unparsedByGo(one)
    if (bad) return `\`${authority}\` is limited in names, and it cannot compare \`${bad}\``
    const said = outside(client, limits, one, at === 0, authority)
    if (said !== undefined) return said
  }
  return limits.others && client !== 'go' && below.some(({ names }) => (names?.others ?? 0) > 0)
    ? { reason: `\`${authority}\` is limited in kinds of names that are not compared here`, maybe: true }
    : undefined
}

function outside(
  client: Client,
  { permitted, excluded }: Constraints,
  one: Certificate,
  leaf: boolean,
  authority: string,
): string | undefined {
  const check = <T, B>(
    names: readonly T[],
    bases: (of: Subtrees) => readonly B[],
    matches: (name: T, base: B, outlawed: boolean) => boolean,
    text: { readonly name: (name: T) => string; readonly base: (base: B) => string },
  ): string | undefined => {
    const [inside, barred] = [bases(permitted), bases(excluded)]
    const bad = names.find(
      (name) =>
        (inside.length > 0 && !inside.some((base) => matches(name, base, false))) ||
        barred.some((base) => matches(name, base, true)),
    )
    if (bad === undefined) return undefined
    const to = inside.length > 0 ? `: it is limited to ${inside.map(text.base).join(', ')}` : ''
    return `\`${authority}\` may not sign for ${text.name(bad)}${to}`
  }
  const plain = { name: (name: string) => name, base: (base: string) => base }
  return (
    check(
      hostsOf(client, one, leaf),
      ({ dns }) => dns,
      dnsUnder[client === 'go' || client === 'chromium' ? client : 'openssl'],
      plain,
    ) ??
    check(
      (one.names?.ips ?? []).filter((ip) => isIP(ip) !== 0),
      ({ ips }) => ips,
      (ip, range) => liesIn(ipOctets(ip), range),
      { name: (ip) => ip, base: rangeText },
    ) ??
    check(
      mailsOf(client, one),
      ({ mails }) => mails,
      (mail, base) => mailUnder(client, mail, base),
      plain,
    ) ??
    check(
      one.names?.uris ?? [],
      ({ uris }) => uris,
      (uri, base, outlawed) => uriUnder(client, uri, base, outlawed),
      plain,
    ) ??
    check(
      client === 'go' || one.subject === '' ? [] : [one.subjectName.folded],
      ({ directories }) => directories,
      beginsWith,
      { name: (name) => `the name ${name.join(', ')}`, base: (base) => base.join(', ') },
    )
  )
}

/** As soon as an authority is limited in anything, Go wants to understand every name below it (`checkChainConstraints`). */
function unparsedByGo({ names }: Certificate): string | undefined {
  const isDomain = (text: string) =>
    text === '' || (/^[!-~]+$/.test(text) && text.split('.').every((label) => label !== ''))
  return (
    names?.dns.find((name) => !isDomain(name)) ??
    names?.uris.find((uri) => hostOf(uri) === undefined) ??
    names?.mails.find(
      (mail) => !/^[^@\s]+@[^@\s]+$/.test(mail) || !isDomain(mail.slice(mail.lastIndexOf('@') + 1)),
    )
  )
}

/** The host of a URI; undefined = it has none, or one by address. */
function hostOf(uri: string): string | undefined {
  const host = /^[a-z][a-z0-9+.-]*:\/\/(?:[^/?#@]*@)?(\[[^\]]*\]|[^/?#:]*)/i.exec(uri)?.[1]?.toLowerCase()
  return host === undefined || host === '' || isIP(host.replace(/^\[|\]$/g, '')) !== 0 ? undefined : host
}

/** Without DNS names, OpenSSL compares common names of the leaf that look like a host (`cn2dnsid`). */
function hostsOf(client: Client, one: Certificate, leaf: boolean): readonly string[] {
  const dns = one.names?.dns ?? []
  if (dns.length > 0 || !leaf || !openssl.includes(client) || client === 'requests') return dns
  return one.commonNames.filter((name) =>
    /^[a-z0-9_]([\w*-]*[a-z0-9_])?(\.[a-z0-9_]([\w-]*[a-z0-9_])?)+$/i.test(name),
  )
}

/** OpenSSL compares the mail addresses of the subject too. */
const mailsOf = (client: Client, { names, subjectName }: Certificate) => [
  ...(names?.mails ?? []),
  ...(openssl.includes(client) ? subjectName.mails : []),
]

type Under = (name: string, base: string, outlawed: boolean) => boolean
const star = /^\*\./

const dnsUnder: Readonly<Record<'openssl' | 'go' | 'chromium', Under>> = {
  openssl: liesUnder,
  go: (name, base, outlawed) => liesUnder(name, base) || (outlawed && starCovers(name, base)),
  chromium: (name, base, outlawed) =>
    liesUnder(name.replace(/\.$/, ''), base.replace(/\.$/, '')) || (outlawed && starCovers(name, base)),
}

/** Whether what a star stands for could be the excluded name. */
const starCovers = (name: string, base: string) =>
  star.test(name) && base.slice(base.indexOf('.') + 1) === name.slice(2).toLowerCase()

/** A mailbox, a host (Go: and what lies below it), or with a leading dot what lies below it. */
function mailUnder(client: Client, mail: string, base: string): boolean {
  const [box = '', host = ''] = [
    mail.slice(0, mail.lastIndexOf('@')),
    mail.slice(mail.lastIndexOf('@') + 1).toLowerCase(),
  ]
  const at = base.lastIndexOf('@')
  if (at >= 0) return box === base.slice(0, at) && host === base.slice(at + 1).toLowerCase()
  const folded = base.toLowerCase()
  if (client === 'go') return liesUnder(host, folded)
  return folded.startsWith('.') ? host.endsWith(folded) : host === folded
}

function uriUnder(client: Client, uri: string, base: string, outlawed: boolean): boolean {
  // Chromium compares no URIs: none is inside, and all are excluded.
  if (client === 'chromium') return outlawed
  const host = hostOf(uri)
  if (host === undefined) return outlawed
  return client === 'go' ? liesUnder(host, base) : base.startsWith('.') ? host.endsWith(base) : host === base
}
