/** What a Secret holds, by key: PEM as text. */
export type SecretTexts = Readonly<Record<string, string | undefined>>

/** As an API server writes it, in base64. */
export const secretTexts = (data: Readonly<Record<string, unknown>>): SecretTexts =>
  Object.fromEntries(
    Object.entries(data).map(([key, value]) => [key, Buffer.from(String(value), 'base64').toString()]),
  )

/**
 * Certificate and key that istiod serves with: the first two names that both hold something, `cert` with
 * `key` before `tls.crt` with `tls.key` (`pilot/pkg/credentials/kube/secrets.go`, ExtractCertInfo).
 */
export function servedPair(
  data: SecretTexts | undefined,
): { readonly certPem: string; readonly keyPem: string } | undefined {
  for (const [cert, key] of [
    ['cert', 'key'],
    ['tls.crt', 'tls.key'],
  ] as const) {
    const [certPem, keyPem] = [data?.[cert], data?.[key]]
    if (certPem && keyPem) return { certPem, keyPem }
  }
  return undefined
}

/** The certificate of a Secret, with or without a key beside it. */
export const certificateIn = (data: SecretTexts): string | undefined =>
  servedPair(data)?.certPem ?? ([data['tls.crt'], data.cert].find(Boolean) || undefined)

/** Whom callers have to be signed by: `cacert` before `ca.crt` (ExtractRoot, there). */
export const authorityIn = (data: SecretTexts): string | undefined =>
  [data.cacert, data['ca.crt']].find(Boolean) || undefined

/** The same of a server: `NAME-cacert` decides where it is there, whatever it holds (GetCaCert, there). */
export const callersAuthority = (
  beside: SecretTexts | undefined,
  own: SecretTexts | undefined,
): string | undefined => authorityIn(beside ?? own ?? {})
