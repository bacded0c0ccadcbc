/**
 * The ways a token can fail, each with the exact text Envoy answers (its jwt `status.cc`) and our
 * stable reason code. `missing` and `issuer-unknown` count for less than the others when several
 * rules fail: see jwt-rule.ts.
 */
export const jwtFailures = {
  'token-missing': 'Jwt is missing',
  'token-not-yet-valid': 'Jwt not yet valid',
  'token-expired': 'Jwt is expired',
  'token-malformed': 'Jwt is not in the form of Header.Payload.Signature with two dots and 3 sections',
  'token-header-not-base64': 'Jwt header is an invalid Base64url encoded',
  'token-header-not-json': 'Jwt header is an invalid JSON',
  'token-alg-missing': 'Jwt header [alg] field is required and must be a string',
  'token-alg-unsupported': 'Jwt header [alg] is not supported',
  'token-kid-not-string': 'Jwt header [kid] field is not a string',
  'token-payload-not-base64': 'Jwt payload is an invalid Base64url encoded',
  'token-payload-not-json': 'Jwt payload is an invalid JSON',
  'token-iss-not-string': 'Jwt payload [iss] field is not a string',
  'token-sub-not-string': 'Jwt payload [sub] field is not a string',
  'token-iat-not-integer': 'Jwt payload [iat] field is not an integer',
  'token-iat-out-of-range': 'Jwt payload [iat] field is not a positive 64 bit integer',
  'token-nbf-not-integer': 'Jwt payload [nbf] field is not an integer',
  'token-nbf-out-of-range': 'Jwt payload [nbf] field is not a positive 64 bit integer',
  'token-exp-not-integer': 'Jwt payload [exp] field is not an integer',
  'token-exp-out-of-range': 'Jwt payload [exp] field is not a positive 64 bit integer',
  'token-jti-not-string': 'Jwt payload [jti] field is not a string',
  'token-aud-not-string': 'Jwt payload [aud] field is not a string or string list',
  'token-signature-not-base64': 'Jwt signature is an invalid Base64url encoded',
  'issuer-unknown': 'Jwt issuer is not configured',
  'audience-not-allowed': 'Audiences in Jwt are not allowed',
  'token-signature-invalid': 'Jwt verification fails',
  'token-signature-length': 'Jwt ED25519 signature is wrong length',
  'key-not-found': "Jwks doesn't have key to match kid or alg from Jwt",
  'keys-unusable': "Jwks doesn't have any valid public key",
} as const

export type JwtFailure = keyof typeof jwtFailures
