import { createHash } from 'node:crypto'
import type { Routed, SignOut } from './landing.ts'
import { words } from './words.ts'

interface Shown {
  readonly user: string | undefined
  readonly userHeader: string
  readonly namespaces: readonly { readonly namespace: string; readonly role: string }[]
  readonly routes: readonly Routed[]
  readonly signOut: SignOut
  readonly version: string | undefined
  readonly language: 'en' | 'ko'
}

/** The look of the sign-in pages, wider; colours meet WCAG AA in both schemes. */
const style = `
:root{color-scheme:light dark;--ground:#eef1f6;--panel:#fff;--ink:#172033;--soft:#566178;--line:#c9d0dd;--accent:#2456c7}
@media (prefers-color-scheme:dark){:root{--ground:#0f141d;--panel:#18202d;--ink:#e8ecf4;--soft:#a3aec2;--line:#3a465b;--accent:#8fb3ff}}
*{box-sizing:border-box}
body{margin:0;min-height:100vh;display:grid;grid-template:1fr auto/minmax(0,1fr);justify-items:center;background:var(--ground);color:var(--ink);font:16px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans","Noto Sans KR","Apple SD Gothic Neo","Malgun Gothic",sans-serif}
main{width:min(52rem,100% - 2rem);margin:2rem 0;padding:2rem;background:var(--panel);border:1px solid var(--line);border-radius:14px;box-shadow:0 1px 2px #0b153012,0 12px 32px #0b153014}
h1{margin:0 0 .25rem;font-size:1.375rem;line-height:1.25;letter-spacing:-.01em;overflow-wrap:anywhere}
h2{margin:2rem 0 .5rem;font-size:1rem}
p{margin:.25rem 0 0;overflow-wrap:anywhere}
.soft{color:var(--soft)}
ul{margin:0;padding:0 0 0 1.25rem}
.wide{overflow-x:auto}
table{width:100%;border-collapse:collapse;font-size:.9375rem}
th,td{padding:.5rem .75rem .5rem 0;text-align:left;vertical-align:top;border-bottom:1px solid var(--line)}
th{font-weight:600;color:var(--soft);font-size:.8125rem}
tr:last-child td{border-bottom:0}
code{font:.875em/1.5 ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;overflow-wrap:anywhere}
pre{margin:.5rem 0 0;padding:.75rem;white-space:pre-wrap;overflow-wrap:anywhere;background:var(--ground);border-radius:8px}
.button{display:inline-block;margin:.5rem 0 0;padding:.5rem 1rem;font-weight:600;text-decoration:none;border:1px solid var(--soft);border-radius:8px}
a{color:var(--accent)}
:focus-visible{outline:3px solid var(--accent);outline-offset:2px}
footer{padding:0 1rem 1.25rem;color:var(--soft);font-size:.8125rem}
@media (max-width:30rem){main{padding:1.5rem}}
`

export const styleHash = `sha256-${createHash('sha256').update(style).digest('base64')}`

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&#34;',
  "'": '&#39;',
}
/** For element content and double-quoted attributes. */
const escaped = (text: string): string => text.replace(/[&<>"']/g, (letter) => entities[letter] as string)

export function renderPage(shown: Shown): string {
  const say = words[shown.language]
  const title = shown.user === undefined ? say.nobody : shown.user
  return `<!DOCTYPE html>
<html lang="${shown.language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>${escaped(title)} · kfdoor</title>
<link rel="icon" href="data:,">
<style>${style}</style>
</head>
<body>
<main>
<h1>${escaped(title)}</h1>
<p class="soft">${say.asSeen(`<code>${escaped(shown.userHeader)}</code>`, shown.user !== undefined)}</p>
${namespaces(shown)}
${routes(shown)}
${signOut(shown)}
</main>
<footer>${say.footer}${shown.version === undefined ? '' : ` · Kubeflow ${escaped(shown.version)}`}</footer>
</body>
</html>
`
}

function namespaces({ namespaces: all, language, user }: Shown): string {
  const say = words[language]
  if (user === undefined) return ''
  const items = all.map(
    ({ namespace, role }) =>
      `<li><code>${escaped(namespace)}</code> <span class="soft">${escaped(role)}</span></li>`,
  )
  return `<h2>${say.namespaces}</h2>
${items.length === 0 ? `<p class="soft">${say.noNamespaces}</p>` : `<ul>${items.join('')}</ul>`}`
}

function routes({ routes: all, language }: Shown): string {
  const say = words[language]
  const head = [say.path, say.host, say.destination, say.answers]
    .map((text) => `<th scope="col">${text}</th>`)
    .join('')
  const rows = all.map(
    ({ prefix, host, destination, kind }) =>
      `<tr><td>${link(prefix, host)}</td><td><code>${escaped(host)}</code></td><td><code>${escaped(destination)}</code></td><td>${escaped(kind)}</td></tr>`,
  )
  return `<h2>${say.routes}</h2>
${rows.length === 0 ? `<p class="soft">${say.noRoutes}</p>` : `<div class="wide" role="region" aria-label="${say.routes}" tabindex="0"><table><thead><tr>${head}</tr></thead><tbody>${rows.join('')}</tbody></table></div>`}`
}

/** A link where following it stays at this door: any host, and a path that cannot mean another one. */
function link(prefix: string, host: string): string {
  const text = `<code>${escaped(prefix)}</code>`
  const stays = host === '*' && prefix.startsWith('/') && !prefix.startsWith('//') && !prefix.includes('\\')
  return stays ? `<a href="${escaped(prefix)}">${text}</a>` : text
}

function signOut({ signOut: how, language, user }: Shown): string {
  const say = words[language]
  if (user === undefined || how.kind === 'none') return ''
  if (how.kind === 'link') {
    return `<h2>${say.signOut}</h2>
<p><a class="button" href="${escaped(how.path)}">${say.signOut}</a></p>`
  }
  const command = `curl -X POST -H "Authorization: Bearer $SESSION" "$DOOR${how.path}"`
  return `<h2>${say.signOut}</h2>
<p class="soft">${say.bySession(`<code>${escaped(how.cookie)}</code>`)}</p>
<pre><code>${escaped(command)}</code></pre>`
}
