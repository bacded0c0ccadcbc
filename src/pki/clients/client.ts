/** Who is asked whether he would accept a certificate. */
export type Client = 'curl' | 'python' | 'python3.13' | 'requests' | 'node' | 'go' | 'chromium'

/** What each stands for: verdicts were compared with these, see `e2e/certificate-clients.real.test.ts`. */
export const clients: Readonly<Record<Client, string>> = {
  curl: 'curl with OpenSSL',
  python: 'Python ssl up to 3.12',
  'python3.13': 'Python ssl from 3.13 on',
  requests: 'Python requests, kfp (urllib3 2)',
  node: 'Node.js',
  go: 'Go',
  chromium: 'Chromium, Chrome, Edge',
}

/** They all hand the path to OpenSSL, and differ in names and strictness. */
export const openssl: readonly Client[] = ['curl', 'python', 'python3.13', 'requests', 'node']
export const everybody = Object.keys(clients) as readonly Client[]

/** Who stops at a trusted certificate that is no root; the others want the root too. */
export const takesPartialChain: ReadonlySet<Client> = new Set(['curl', 'python3.13', 'go', 'chromium'])
