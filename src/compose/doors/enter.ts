import { resolve } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { Fault } from '../../base/index.ts'
import {
  type Agent,
  beginSignIn,
  browserLogin,
  type Credential,
  type DevicePrompt,
  deviceLogin,
  discoverIssuer,
  endOf,
  type PublicIssuer,
  passwordGrant,
  passwordLogin,
  pastedCookie,
  pasteLogin,
  type RecognisedDoor,
  refusePlainHttp,
  type SignedIn,
  userOf,
  type Visitor,
} from '../../client/index.ts'
import { checked } from './check-credential.ts'
import type { Environment } from './folders.ts'
import { readTokenFile, serviceAccountToken } from './renew.ts'
import type { SignInOptions, SignInPorts, Way } from './sign-in-options.ts'

/** Goes one way in, and comes back with a credential the door takes. */
export async function enter(
  env: Environment,
  agent: Agent,
  visitor: Visitor,
  door: RecognisedDoor,
  way: Way,
  options: SignInOptions,
  ports: SignInPorts,
): Promise<SignedIn> {
  const { connector, allowPlainHttp, signal } = options
  const asSeen = { kind: door.kind, signOut: door.signOut }
  switch (way.by) {
    case 'password':
      if (door.refusal) throw refusedBy(door, door.refusal)
      return passwordLogin(visitor, door, { ...way, connector, allowPlainHttp })
    case 'paste':
      return pasteLogin(visitor, door, {
        connector,
        clock: Date.now,
        ask: (url) => {
          ports.say(`Open this address and sign in:\n\n  ${url}\n`)
          ports.openBrowser(url)
          ports.say('The last page will show an error: that is expected. Copy its whole address.')
          return ports.askLine('Address of the last page (or a cookie, NAME=VALUE): ')
        },
      })
    case 'cookie': {
      const credential = pastedCookie(way.text, door.url, Date.now)
      refusePlainHttp(door.url, allowPlainHttp, 'a session cookie')
      return checked(agent, door, { credential, seen: asSeen }, signal)
    }
    case 'token':
    case 'token-file': {
      refusePlainHttp(door.url, allowPlainHttp, 'a token')
      const text = way.by === 'token' ? way.token : (await readTokenFile(way.path)).text
      const token = text.trim()
      const credential: Credential =
        way.by === 'token'
          ? { kind: 'token', token, expiresAt: endOf(token) }
          : { kind: 'token-file', path: resolve(way.path) }
      return checked(agent, door, { credential, user: userOf(token), seen: { kind: door.kind } }, signal)
    }
    case 'service-account': {
      refusePlainHttp(door.url, allowPlainHttp, 'a token')
      const account: Extract<Credential, { kind: 'service-account' }> = {
        kind: 'service-account',
        namespace: way.namespace,
        name: way.name,
        audience: options.audience ?? audienceOf(door),
        kubeconfig: options.kubeconfig,
        context: options.context,
      }
      const { token, expiresAt } = await serviceAccountToken(env, account)
      const credential = { ...account, token, expiresAt }
      return checked(agent, door, { credential, user: userOf(token), seen: { kind: door.kind } }, signal)
    }
    case 'password-grant':
    case 'device':
    case 'browser': {
      refusePlainHttp(door.url, allowPlainHttp, way.by === 'password-grant' ? 'a password' : 'a token')
      const { request } = await beginSignIn(visitor, door)
      if (!visitor.mayVisit(request.endpoint)) {
        throw new Fault('ERR_FOREIGN_ORIGIN', { door: door.url.origin, target: request.endpoint.origin })
      }
      const issuer = await discoverIssuer(agent, request, signal)
      const client = { id: options.clientId ?? request.clientId, secret: options.clientSecret }
      const credential = await grant(agent, issuer, client, way, options, ports)
      const seen = { kind: door.kind, issuer: issuer.issuer, connector }
      return checked(agent, door, { credential, user: userOf(credential.token), seen }, signal)
    }
  }
}

function grant(
  agent: Agent,
  issuer: PublicIssuer,
  client: { id: string; secret?: string },
  way: Extract<Way, { by: 'password-grant' | 'device' | 'browser' }>,
  { connector, signal }: SignInOptions,
  ports: SignInPorts,
): Promise<Extract<Credential, { kind: 'token' }>> {
  switch (way.by) {
    case 'password-grant':
      return passwordGrant(agent, issuer, client, { username: way.username, password: way.password }, signal)
    case 'device':
      return deviceLogin(agent, issuer, client, {
        show: ({ url, code, expiresIn }: DevicePrompt) => {
          ports.say(
            `Open ${url}\nand check that it shows ${code} (within ${Math.round(expiresIn / 60)} min).`,
          )
          // Dex goes on from its own name, which a cluster's issuer often has for itself alone.
          const own = URL.canParse(issuer.issuer) ? new URL(issuer.issuer) : undefined
          if (own && own.host !== issuer.token.host)
            ports.say(
              `If the browser is sent on to ${own.origin}, put ${issuer.token.origin} in its place in the address.`,
            )
          ports.openBrowser(url)
        },
        wait: (ms, aborted) => wait(ms, undefined, { signal: aborted }),
        signal,
      })
    case 'browser':
      return browserLogin(agent, issuer, client, {
        open: (url) => {
          ports.say(`Sign in in the browser; if it does not open, open this address:\n\n  ${url}\n`)
          ports.openBrowser(url)
        },
        connector,
        signal,
      })
  }
}

/**
 * The audience a door wants of a service account's token: oidc-authservice reviews tokens for the gateway's
 * name (its default `AUDIENCES`); Istio's rule of later releases names none.
 */
const audienceOf = ({ kind }: RecognisedDoor): string | undefined =>
  kind === 'authservice' ? 'istio-ingressgateway.istio-system.svc.cluster.local' : undefined

const refusedBy = ({ url }: RecognisedDoor, { status, words }: { status: number; words: string }) =>
  new Fault('ERR_DOOR_REFUSED', { url: url.href, status, words })
