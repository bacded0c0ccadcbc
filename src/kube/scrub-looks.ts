/** Credentials by their own looks, and by the name right before them, wherever they stand in a text. */
import { isSecretHeader, isSecretName } from './secret-names.ts'

type Gone = (value: string) => string

/** What goes as a whole. */
const looks: readonly RegExp[] = [
  /-----BEGIN [A-Z0-9 ]*PRIVATE KEY( BLOCK)?-----[\s\S]*?(-----END [A-Z0-9 ]*PRIVATE KEY( BLOCK)?-----|$)/g,
  // A token in three parts.
  /\beyJ[\w-]{8,}\.[\w-]+(\.[\w-]*)?/g,
  // Hashes of passwords: bcrypt, crypt(3), Argon2, LDAP's.
  /\$2[abxy]?\$\d\d\$[./A-Za-z0-9]{53}/g,
  /\$(apr1|1|5|6|y|argon2\w*)\$[^\s:"']{8,}|\{S?SHA(256|512)?\}[\w+/]{16,}=*/g,
  // Keys and tokens of AWS, GitHub, Slack, Google.
  /\b(AKIA|ASIA)[A-Z0-9]{16}\b|\bgh[pousr]_\w{20,}|\bxox[abprs]-[\w-]{10,}|\bAIza[\w-]{30,}/g,
]

/** What goes after a beginning that stays. */
const after: readonly RegExp[] = [
  /\b((?:Bearer|Basic|Token|Digest)\s+)(?!scrubbed:)([A-Za-z0-9._~+/-]{6,}=*)/gi,
  /(\w+:\/\/[^\s:/@"']*:)([^\s@/"']+)(?=@)/g,
  // A token in the place of the user.
  /(\w+:\/\/)(?!git@)([^\s:/@"']+)(?=@)/g,
  /((?:^|[\s"'])(?:-u\s*|--(?:proxy-)?user[ =])[^\s:=/"']+:)([^\s"']+)/g,
  /(\b(?:mysql\w*|mariadb\w*|sshpass)\b[^;|&\n]*?\s-p\s*)([^\s"']+)/g,
  /([?&][\w.-]*(?:token|secret|password|key|sig(?:nature)?|code)=)([^\s&"'#]+)/gi,
  /(https:\/\/hooks\.slack\.com\/services\/|\/api\/webhooks\/)([\w/-]{8,})/g,
]

/** `X-Api-Key: value to the end of the line or of the quote` */
const header = /(^|[\s"'])([A-Za-z][\w-]*):[ \t]+(?!scrubbed:)([^\s"'][^"'\n]*)/g

export function credentialsGone(given: string, gone: Gone): string {
  let text = given
  for (const look of looks) text = text.replace(look, (value) => gone(value))
  for (const look of after)
    text = text.replace(look, (_, before: string, value: string) => before + gone(value))
  text = text.replace(header, (all, start: string, name: string, value: string) =>
    isSecretHeader(name) && !/^\w+\s+scrubbed:/.test(value) ? `${start}${name}: ${gone(value)}` : all,
  )
  return pairsGone(text, gone)
}

const pair =
  /(?<![\w.:])(["']?)([A-Za-z_][\w.-]*)\1(\s*=(?![=>~])\s*|\s*=>\s*|:[ \t]*)("[^"\n]*"|'[^'\n]*'|[^\s"';&|]*)/y

/** `name=value`, `name: value`, `"name": "value"`, by the name. */
function pairsGone(text: string, gone: Gone): string {
  let shown = ''
  for (let at = 0; at < text.length; ) {
    pair.lastIndex = at
    const found = pair.exec(text)
    const [all = '', quote = '', name = '', mark = '', value = ''] = found ?? []
    const inner = value.replace(/^["']|["']$/g, '')
    if (found === null || !isSecretName(name) || !isPair(mark, quote, name, inner)) {
      // Behind a name that is none of secrets there may be more of them.
      const step = found === null ? 1 : Math.max(1, all.length - value.length)
      shown += text.slice(at, at + step)
      at += step
      continue
    }
    const edge = inner === value ? '' : (value[0] as string)
    shown += `${all.slice(0, all.length - value.length)}${edge}${gone(inner)}${edge}`
    at += all.length
  }
  return shown
}

function isPair(mark: string, quote: string, name: string, value: string): boolean {
  if (value === '' || value.startsWith('scrubbed:') || /^(true|false|null)$/.test(value)) return false
  if (isReference(value)) return false
  if (!mark.startsWith(':')) return true
  // `system:serviceaccount:auth:dex`, `auth:8080`, `https://…`
  if (/^(\/\/|\d{1,5}([/,\s]|$))/.test(value)) return false
  return mark.length > 1 || quote !== '' || /(password|passwd|secret|token|api-?key|bindpw)$/i.test(name)
}

/** `$DEX_SECRET`, `$(VALUE)`, `{{ .Values.x }}`: the secret stands elsewhere. */
export function isReference(value: string): boolean {
  return /^["']?(\$[A-Z_{(][\w.)}]*|\{\{.*\}\})["']?$/.test(value)
}
