import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  hash,
  hkdfSync,
  randomBytes,
  timingSafeEqual,
} from 'node:crypto'
import type { Clock } from '../../base/index.ts'

/** What a sign-in that was begun has to show again at the callback. */
export interface LoginAttempt {
  /** For the `state` parameter. */
  readonly state: string
  /** For the `nonce` parameter, and the claim of the same name. */
  readonly nonce: string
  /** RFC 7636. */
  readonly codeVerifier: string
  readonly codeChallenge: string
}

export interface FinishedAttempt extends LoginAttempt {
  /** Where the browser wanted to go. */
  readonly target: string
  /** Which of several issuers it was begun at; empty for the only or first one. */
  readonly via: string
  /**
   * Takes the attempt; false when it was taken before. Called when the issuer has accepted the
   * code, so that a mistyped callback does not end a sign-in that is still going on.
   */
  take(): boolean
}

export interface LoginAttempts {
  /**
   * Begins a sign-in in the browser that holds `login`, the value of its login cookie; a browser
   * without a good one gets a new value, which has to be set.
   */
  begin(
    login: string | undefined,
    target: string,
    via?: string,
  ): { readonly attempt: LoginAttempt; readonly login: string }
  /** The attempt `state` belongs to, if this browser began it and it is neither old nor taken. */
  finish(login: string | undefined, state: string | undefined): FinishedAttempt | undefined
}

export interface LoginAttemptsOptions {
  readonly clock: Clock
  readonly lifetimeMs: number
  /** 32 bytes. Kept over a restart or shared by replicas, sign-ins in flight go on there. */
  readonly key?: Uint8Array
}

const TAKEN_KEPT = 100_000
const IV = 12
const TAG = 16
/** `<random>.<expiry in ms, base 36>.<MAC>` */
const LOGIN = /^([\w-]{43})\.([0-9a-z]{1,10})\.([\w-]{43})$/

/**
 * Sign-ins in flight, with nothing kept on this side until one succeeds: a flood of unauthenticated
 * requests costs no memory and pushes nobody's sign-in out.
 *
 * The browser holds one login cookie, a random secret with an expiry and a MAC. `state` is the
 * target and an id, sealed under the server's key and bound to that secret; nonce and PKCE verifier
 * are derived from both. So one cookie carries any number of tabs and background requests, a state
 * from another browser opens nothing, and a callback without the cookie is refused.
 *
 * @example
 * const attempts = createLoginAttempts({ clock: Date.now, lifetimeMs: 900_000 })
 * const { attempt, login } = attempts.begin(undefined, '/pipeline/')
 * attempts.finish(login, attempt.state)?.target
 */
export function createLoginAttempts(options: LoginAttemptsOptions): LoginAttempts {
  const { clock, lifetimeMs } = options
  const root = options.key ?? randomBytes(32)
  const derive = (use: string) => new Uint8Array(hkdfSync('sha256', root, '', `kfdoor login ${use}`, 32))
  const keys = { login: derive('cookie'), state: derive('state'), value: derive('value') }
  const taken = new Map<string, number>()

  const loginMac = (text: string) => createHmac('sha256', keys.login).update(text).digest('base64url')
  const newLogin = () => {
    const text = `${randomBytes(32).toString('base64url')}.${(clock() + 2 * lifetimeMs).toString(36)}`
    return `${text}.${loginMac(text)}`
  }
  /** Whether the cookie is ours and lives at least `forMs` longer. */
  const isGood = (login: string | undefined, forMs: number): login is string => {
    const [, random, expiry, mac] = LOGIN.exec(login ?? '') ?? []
    if (random === undefined || expiry === undefined || mac === undefined) return false
    return Number.parseInt(expiry, 36) > clock() + forMs && same(mac, loginMac(`${random}.${expiry}`))
  }
  const valueFor = (use: string, login: string, id: string) =>
    createHmac('sha256', keys.value).update(`${use}\n${login}\n${id}`).digest('base64url')
  const attemptOf = (login: string, id: string, state: string): LoginAttempt => {
    const codeVerifier = valueFor('verifier', login, id)
    const codeChallenge = hash('sha256', codeVerifier, 'base64url')
    return { state, nonce: valueFor('nonce', login, id), codeVerifier, codeChallenge }
  }
  const forgetOld = () => {
    const now = clock()
    for (const [id, until] of taken) {
      if (until > now && taken.size <= TAKEN_KEPT) break
      taken.delete(id)
    }
  }

  return {
    begin(given, target, via = '') {
      const login = isGood(given, lifetimeMs) ? given : newLogin()
      const id = randomBytes(16).toString('base64url')
      const iv = randomBytes(IV)
      const cipher = createCipheriv('aes-256-gcm', keys.state, iv).setAAD(Buffer.from(login))
      const text = JSON.stringify([id, clock() + lifetimeMs, target, via])
      const state = Buffer.concat([iv, cipher.update(text), cipher.final(), cipher.getAuthTag()])
      return { login, attempt: attemptOf(login, id, state.toString('base64url')) }
    },
    finish(login, state) {
      if (state === undefined || !isGood(login, 0)) return undefined
      const opened = openState(keys.state, login, state)
      if (!opened) return undefined
      const [id, until, target, via] = opened
      forgetOld()
      if (until <= clock() || taken.has(id)) return undefined
      const take = () => {
        if (taken.has(id)) return false
        taken.set(id, until)
        return true
      }
      return { ...attemptOf(login, id, state), target, via, take }
    },
  }
}

function openState(
  key: Uint8Array,
  login: string,
  state: string,
): [string, number, string, string] | undefined {
  const bytes = Buffer.from(state, 'base64url')
  // Only the one spelling that was handed out: base64url readers take several for the same bytes.
  if (bytes.length < IV + TAG || bytes.toString('base64url') !== state) return undefined
  try {
    const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, IV))
      .setAAD(Buffer.from(login))
      .setAuthTag(bytes.subarray(-TAG))
    const text = decipher.update(bytes.subarray(IV, -TAG), undefined, 'utf8') + decipher.final('utf8')
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function same(a: string, b: string): boolean {
  return a.length === b.length && timingSafeEqual(Buffer.from(a), Buffer.from(b))
}
