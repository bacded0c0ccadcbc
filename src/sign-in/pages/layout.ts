import { createHash } from 'node:crypto'

/** The same look as the issuer's pages: a sign-in goes from one to the other. WCAG AA in both schemes. */
const style = `
:root{color-scheme:light dark;--ground:#eef1f6;--panel:#fff;--ink:#172033;--soft:#566178;--line:#c9d0dd;--accent:#2456c7;--accent-ink:#fff;--accent-over:#1b45a4}
@media (prefers-color-scheme:dark){:root{--ground:#0f141d;--panel:#18202d;--ink:#e8ecf4;--soft:#a3aec2;--line:#3a465b;--accent:#8fb3ff;--accent-ink:#0b1530;--accent-over:#b0c9ff}}
*{box-sizing:border-box}
body{margin:0;min-height:100vh;min-height:100dvh;display:grid;grid-template-rows:1fr auto;justify-items:center;background:var(--ground);color:var(--ink);font:16px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans","Noto Sans KR","Apple SD Gothic Neo","Malgun Gothic",sans-serif}
main{align-self:center;width:min(25rem,100% - 2rem);margin:2rem 0;padding:2rem;background:var(--panel);border:1px solid var(--line);border-radius:14px;box-shadow:0 1px 2px #0b153012,0 12px 32px #0b153014}
.mark{display:block;width:40px;height:40px;margin:0 0 1.25rem;color:var(--accent)}
h1{margin:0 0 .25rem;font-size:1.375rem;line-height:1.25;letter-spacing:-.01em;text-wrap:balance}
p{margin:.25rem 0 0;color:var(--soft);overflow-wrap:anywhere}
form{margin:1.5rem 0 0}
button{display:block;width:100%;min-height:2.875rem;padding:.5rem 1rem;font:inherit;font-weight:600;color:var(--accent-ink);background:var(--accent);border:1px solid var(--accent);border-radius:8px;cursor:pointer;overflow-wrap:anywhere}
button:hover{background:var(--accent-over);border-color:var(--accent-over)}
:focus-visible{outline:3px solid var(--accent);outline-offset:2px}
footer{padding:0 1rem 1.25rem;color:var(--soft);font-size:.8125rem}
@media (max-width:26rem){main{padding:1.5rem}}
@media (forced-colors:active){button{border-color:ButtonText}}
`

const styleHash = `sha256-${createHash('sha256').update(style).digest('base64')}`

// A door left ajar. Decoration: it says nothing the page does not say in words.
const mark =
  '<svg class="mark" viewBox="0 0 40 40" fill="none" stroke="currentColor" stroke-width="2.5" stroke-linejoin="round" stroke-linecap="round" aria-hidden="true"><path d="M8 35V7a2 2 0 0 1 2-2h20a2 2 0 0 1 2 2v28"/><path d="M4 35h32"/><path d="M12 9l13 4v22l-13-4z" fill="currentColor" fill-opacity=".16"/><path d="M21 22v2.5"/></svg>'

/** Nothing may run, load, frame the page or be sent elsewhere from it. */
export const pageHeaders: readonly (readonly [string, string])[] = [
  ['content-type', 'text/html; charset=utf-8'],
  [
    'content-security-policy',
    `default-src 'none'; style-src '${styleHash}'; img-src data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'`,
  ],
  ['x-content-type-options', 'nosniff'],
  ['x-frame-options', 'DENY'],
  ['referrer-policy', 'no-referrer'],
  ['cache-control', 'no-cache, no-store, must-revalidate, max-age=0'],
  ['vary', 'cookie, accept-language'],
]

/** `title` and `content` are HTML already. */
export function page(language: 'en' | 'ko', title: string, content: string): string {
  return `<!DOCTYPE html>
<html lang="${language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>${title}</title>
<link rel="icon" href="data:,">
<style>${style}</style>
</head>
<body>
<main>
${mark}
${content}
</main>
<footer>${language === 'ko' ? 'kfdoor가 제공하는 페이지' : 'Served by kfdoor'}</footer>
</body>
</html>
`
}
