import { selfIssued } from './path.ts'
import type { Rule } from './rules.ts'

const KEY_CERT_SIGN = 32

/** What OpenSSL adds when `X509_V_FLAG_X509_STRICT` is on (`check_extensions` in `x509_vfy.c`). */
export const strictRule: Rule = {
  // VERIFY_X509_STRICT; a path of one certificate is left alone but for what `must_be_ca` says of it.
  clients: ['python3.13'],
  each: (one, { alone, first, name, anchor }) => {
    if (first && one.basic === undefined) {
      if (one.version < 3 && selfIssued(one)) return `${name} is an authority of version ${one.version}`
      if (one.usages !== undefined && one.usages & KEY_CERT_SIGN)
        return `the keyUsage of ${name} has keyCertSign, and it is no authority`
    }
    if (alone) return undefined
    if (!first && !one.basic?.ca) return `${name} is an authority without basicConstraints`
    if (one.basic?.pathLength !== undefined && !one.basic.ca)
      return `${name} has a path length and is no authority`
    if (one.basic?.ca && !one.basic.critical) return `basicConstraints of ${name} is not critical`
    if (one.basic?.ca && one.usages === undefined) return `${name} is an authority without keyUsage`
    if (!one.basic?.ca && one.usages !== undefined && one.usages & KEY_CERT_SIGN)
      return `the keyUsage of ${name} has keyCertSign, and it is no authority`
    if (one.subject === '' && (one.basic?.ca || one.names === undefined))
      return `the subject of ${name} is empty`
    if (one.subject === '' && !one.names?.critical)
      return `the subject of ${name} is empty and its subjectAltName is not critical`
    if (one.names?.empty) return `the subjectAltName of ${name} is empty`
    if (one.version < 3)
      return one.extensions === undefined
        ? undefined
        : `${name} has extensions and is of version ${one.version}`
    if (!anchor && one.authorityKeyId?.keyId === undefined) return `${name} has no authorityKeyIdentifier`
    if (one.basic?.ca && one.subjectKeyId === undefined)
      return `${name} is an authority without subjectKeyIdentifier`
    return undefined
  },
}
