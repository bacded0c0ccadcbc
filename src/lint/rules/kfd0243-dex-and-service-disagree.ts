import { parseGoBool } from '../../base/index.ts'
import { authService, dexConfig, dexIssuer } from '../../policy/index.ts'
import type { Rule } from '../rule.ts'

/** Issuer and redirect address: both sides have to say the same, to the letter. */
export const dexAndServiceDisagree: Rule = {
  code: 'KFD0243',
  severity: 'error',
  title: 'Dex and the auth service do not agree',
  why: 'The auth service compares the issuer to the letter (`issuer did not match`), and Dex sends people back only to an address its client lists (`Unregistered redirect_uri`).',
  remedy:
    'Write Dex’s `issuer` into the auth service, and the auth service’s callback into Dex’s `redirectURIs`.',

  *check({ mesh }) {
    const service = authService(mesh)
    const [dex, config] = [dexIssuer(mesh), dexConfig(mesh)]
    if (service === undefined || dex === undefined || config === undefined) return
    const proxy = service.kind === 'oauth2-proxy'
    const issuer = service.setting(proxy ? 'oidc_issuer_url' : 'OIDC_PROVIDER')
    const compared = parseGoBool(service.setting('insecure_oidc_skip_issuer_verification')?.value) !== true
    if (issuer !== undefined && issuer.value !== dex.value && compared) {
      yield {
        message: `${service.kind} expects issuer \`${issuer.value}\`, and Dex calls itself \`${dex.value}\``,
        evidence: [
          { at: issuer.at, text: issuer.value },
          { at: dex.at, text: dex.value },
        ],
      }
    }
    const callback = service.setting(proxy ? 'redirect_url' : 'REDIRECT_URL')
    const listed = [...config.text.matchAll(/redirectURIs:\s*(\[[^\]]*\]|(?:\n\s*-\s*\S+)+)/g)].flatMap(
      ([, list = '']) => [...list.matchAll(/["']?((?:https?:\/)?\/[^\s"',\]]+)/g)].map(([, each]) => each),
    )
    // Empty means that it is made from each request.
    if (callback === undefined || callback.value === '' || listed.length === 0) return
    const same = (uri: string | undefined) =>
      uri === callback.value ||
      // Given as a path it is sent with the door's host in front.
      (callback.value.startsWith('/') && uri?.replace(/^https?:\/\/[^/]+/, '') === callback.value)
    if (listed.some(same)) return
    yield {
      message: `${service.kind} sends people back to \`${callback.value}\`, which no client of Dex lists (${listed.join(', ')})`,
      evidence: [
        { at: callback.at, text: callback.value },
        { at: config.at, text: 'redirectURIs' },
      ],
    }
  },
}
