import type { Certificate } from '../certificate.ts'
import { everybody, openssl } from './client.ts'
import type { Rule } from './rules.ts'

/** Object identifiers below id-ce. */
const ce = (...numbers: readonly number[]) => numbers.map((number) => `2.5.29.${number}`)
const PKIX = '1.3.6.1.5.5.7'

/** Critical extensions a client acts on; one that is not here is refused. OpenSSL: `X509_supported_extension`. */
const acted = {
  openssl: new Set([
    ...ce(15, 17, 19, 30, 31, 32, 33, 36, 37, 54),
    '2.16.840.1.113730.1.1',
    ...['1.7', '1.8', '1.14', '48.1.5'].map((rest) => `${PKIX}.${rest}`),
  ]),
  go: new Set(ce(15, 17, 19, 30, 31, 32, 33, 36, 37, 54)),
  chromium: new Set(ce(15, 17, 19, 30, 32, 33, 36, 37, 54)),
}

/** Extensions OpenSSL reads of every certificate (`ossl_x509v3_cache_extensions`): two of one kind are no certificate. */
const cached = new Set([...ce(14, 15, 17, 19, 30, 31, 35, 37), '2.16.840.1.113730.1.1'])

const unknownCritical = (one: Certificate, known: ReadonlySet<string>) =>
  one.extensions?.find(({ critical, oid }) => critical && !known.has(oid))?.oid

function twice(one: Certificate, of?: ReadonlySet<string>): string | undefined {
  const oids = (one.extensions ?? []).map(({ oid }) => oid)
  return oids.find((oid, at) => oids.indexOf(oid) !== at && (of?.has(oid) ?? true))
}

/** What Go and Chromium stop at while they read, before anything is judged. */
function unreadable(one: Certificate): string | undefined {
  if (one.version > 3) return `says that it is of version ${one.version}, and there is none`
  if (one.names?.malformed !== undefined) return `has a damaged subjectAltName: ${one.names.malformed}`
  if (one.constraints?.malformed) return 'has damaged nameConstraints'
  if (one.extensions?.length === 0) return 'has a list of extensions with nothing in it'
  if (one.key.explicit) return 'has a key on a curve that is described and not named'
  return undefined
}

const unheardOf = 'has a name in its subjectAltName that is of no kind there is'

/** Of how a certificate is written. */
export const structureRules: readonly Rule[] = [
  {
    clients: everybody,
    each: (one, { name }) =>
      one.soundTimes ? undefined : `the times of ${name} are not written as the standard wants them`,
  },
  {
    clients: openssl,
    each: (one, { name }) => {
      const [again, critical] = [twice(one, cached), unknownCritical(one, acted.openssl)]
      if (again) return `${name} has the extension ${again} twice`
      if (one.key.explicit) return `the key of ${name} is on a curve that is described and not named`
      if (one.names?.unheardOf) return `${name} ${unheardOf}`
      return critical ? `${name} has a critical extension it does not know: ${critical}` : undefined
    },
  },
  {
    clients: ['go', 'chromium'],
    each: (one, { client, anchor, name }) => {
      const [again, damage] = [twice(one), unreadable(one)]
      if (again) return `${name} has the extension ${again} twice`
      if (damage) return `${name} ${damage}`
      if (client === 'chromium' && one.names?.unheardOf) return `${name} ${unheardOf}`
      // Go parses them as URLs.
      const bad = client === 'go' && one.names?.uris.find((uri) => /%(?![0-9a-f]{2})/i.test(uri))
      if (bad) return `${name} has the URI \`${bad}\`, whose escapes are none`
      const critical = unknownCritical(one, client === 'go' ? acted.go : acted.chromium)
      if (critical) return `${name} has a critical extension it does not know: ${critical}`
      // Go reads them from version 3 on only, and finds no name.
      return one.version < 3 && one.extensions !== undefined && !(anchor && client === 'go')
        ? `${name} has extensions and says that it is of version ${one.version}`
        : undefined
    },
  },
]
