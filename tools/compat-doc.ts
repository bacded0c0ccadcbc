// `node tools/compat-doc.ts`: writes docs/compat.md from the tables in src/sign-in/settings/compat.
import { writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { meant } from '../e2e/peers/side-by-side.ts'
import { authServiceOptions } from '../src/sign-in/settings/compat/authservice-options.ts'
import { oauth2ProxyOptions } from '../src/sign-in/settings/compat/oauth2-proxy-options.ts'
import type { CompatOption } from '../src/sign-in/settings/compat/option.ts'

const cell = (text: string) => text.replaceAll('|', '\\|')
const said = ({ why = '', unless }: CompatOption) => {
  const spared = unless?.filter(Boolean).map((one) => `\`${one}\``)
  return cell([why, spared?.length ? `(${spared.join(', ')} changes nothing)` : ''].filter(Boolean).join(' '))
}
const counts = (options: readonly CompatOption[]) =>
  (['honoured', 'harmless', 'refused'] as const)
    .map((becomes) => `${options.filter((one) => one.becomes === becomes).length} ${becomes}`)
    .join(', ')

/** The page, as it has to be. */
export function compatPage(): string {
  return `<!-- Written by \`node tools/compat-doc.ts\` from src/sign-in/settings/compat. -->
# In the seat of oauth2-proxy or oidc-authservice

\`\`\`sh
npx kfdoor serve authz --compat oauth2-proxy --config oauth2_proxy.cfg
npx kfdoor serve authz --compat authservice
npx kfdoor serve authz config view --compat oauth2-proxy --config oauth2_proxy.cfg
\`\`\`

kfdoor takes what the service was given: oauth2-proxy's configuration file, its \`OAUTH2_PROXY_…\` environment and its flags, or the
environment of oidc-authservice. It listens where they listened, and its cookies, paths, headers and statuses are theirs. Every option
has one of three classes. **Honoured**: it does what it says. **Harmless**: nothing here depends on it; where it is set to more than its
default, a line at the start says so. **Refused**: kfdoor does not start with it, because leaving it out would let somebody in, keep
somebody out, or break what stands around it. An option that neither service has is refused too: it may be a lock that somebody trusts.

What the whole world can read in Kubeflow's manifests (its client secret, its cookie secret, \`12341234\`) needs
\`--allow-published-secrets\` beyond loopback, and never seals a session: with the published cookie secret sessions are kept in the memory of
one replica, unless \`--seal-key-file\` names a file with 32 bytes of your own in base64, or \`--sessions\` a store they share.

Our own flags go before what the service was told: \`--listen\`, \`--grpc-listen\`, \`--metrics-listen\`, \`--sessions\`, \`--trusted-proxies\`,
\`--scheme\`, \`--api-errors json\`.

## What one can tell them apart by

The same requests were put to oauth2-proxy 7.15.6 and to kfdoor in its seat, with Kubeflow's settings and with changes of them
(\`npm run test:peers -- e2e/side-by-side.peer.test.ts\`; what oauth2-proxy answered is replayed by \`npm test\`). Statuses, headers and cookies
are the same but for these. Pages are kfdoor's own, with headers that let nothing run in them; a cookie that has neither says \`Expires\` and
\`SameSite=Lax\` too; a refusal carries its code and the id of its decision; the nonce is always sent.

| | oauth2-proxy | kfdoor | why |
| --- | --- | --- | --- |
${meant.map(({ ids, theirs, ours, why }) => `| ${ids.join('; ')} | ${cell(theirs)} | ${cell(ours)} | ${why} |`).join('\n')}

## oauth2-proxy 7.15

${oauth2ProxyOptions.length} options: ${counts(oauth2ProxyOptions)}.

| option | flag | becomes | |
| --- | --- | --- | --- |
${oauth2ProxyOptions.map((one) => `| \`${one.name}\` | \`--${one.flag}\` | ${one.becomes} | ${said(one)} |`).join('\n')}

## Beside oidc-authservice

The same was done once by hand beside e236439 (Kubeflow's) and 0c4ea9a (its last), built from source. Besides the pages and the cookies' \`HttpOnly\`
and \`SameSite=Lax\`:

| | oidc-authservice | kfdoor | why |
| --- | --- | --- | --- |
| a sign-in begins | no PKCE; the cookie of its state lives for ever | PKCE; it lives a quarter of an hour | a code that leaks is of no use |
| \`OPTIONS\` without a session | 200, so the request goes through | 302 like any other | in a check, 200 lets it through to what stands behind |
| \`/authservice/verify\` | e236439 has none and lets everybody through there | 401 or 204, as its last has it | nginx's \`auth_request\` takes 200 for a yes |
| logout with what is no session | 500 | 401 | nothing went wrong inside |
| a path with \`..\` or \`//\` | 301 to the path without | decides about it as it came | a gateway has normalised paths before it asks |
| an ID token without groups | the last answers 401, e236439 lets it in | lets it in, without groups | as Kubeflow's does |
| who is let in | \`auth-method\` from the last only | always | it says how somebody came |

## oidc-authservice, e236439 and 28c59ef

${authServiceOptions.length} variables: ${counts(authServiceOptions)}.

| variable | becomes | |
| --- | --- | --- |
${authServiceOptions.map((one) => `| \`${one.name}\` | ${one.becomes} | ${said(one)} |`).join('\n')}
`
}

export const compatPath = fileURLToPath(new URL('../docs/compat.md', import.meta.url))

if (process.argv[1] === fileURLToPath(import.meta.url)) writeFileSync(compatPath, compatPage())
