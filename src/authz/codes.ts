import type { Reason } from './check.ts'

interface Words {
  readonly code: `KFD${number}`
  /** In the body's `error`; RFC 6750 §3.1 where it has a word for it. */
  readonly error: string
  readonly message: string
  readonly hint: string
}

/**
 * What a caller is told. Nothing here says which rule, which issuer, which group: that stands in the
 * log under the decision's id.
 */
export const words: { readonly [R in Reason]: Words } = {
  'not-signed-in': {
    code: 'KFD1201',
    error: 'not_signed_in',
    message: 'the request carries neither a session nor a token that is valid here',
    hint: 'sign in at `login` with a browser, or send `Authorization: Bearer TOKEN` for the audience of this door',
  },
  'sign-in': { code: 'KFD1201', error: 'sign_in', message: 'part of a sign-in', hint: '' },
  'not-admitted': {
    code: 'KFD1701',
    error: 'not_admitted',
    message: 'you are known here, and not among those this door admits',
    hint: 'ask whoever runs the door, and name the decision',
  },
  'token-not-accepted': {
    code: 'KFD1702',
    error: 'invalid_token',
    message: 'the token is not one this door accepts',
    hint: '`kfdoor token inspect` reads it here; the operator finds the reason under the decision',
  },
  'token-expired': {
    code: 'KFD1703',
    error: 'invalid_token',
    message: 'the token has expired',
    hint: 'get a new one; a projected service-account token is renewed in its file, so read that file again',
  },
  'token-audience': {
    code: 'KFD1704',
    error: 'invalid_token',
    message: 'the token was made for another audience than this door',
    hint: 'ask for one with the audience of this door: `kubectl create token NAME --audience AUDIENCE`',
  },
  unavailable: {
    code: 'KFD1705',
    error: 'temporarily_unavailable',
    message: 'what has to be asked to let you in does not answer',
    hint: 'try again in a moment',
  },
  'bad-check': {
    code: 'KFD1706',
    error: 'invalid_request',
    message: 'the request has no path, host or credential that can be read in one way',
    hint: 'send one path, one Host and one Authorization header',
  },
  failed: {
    code: 'KFD1707',
    error: 'server_error',
    message: 'deciding the request failed, so it was refused',
    hint: 'tell whoever runs the door, and name the decision',
  },
}
