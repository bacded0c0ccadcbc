import { createHash } from 'node:crypto'

/** The whole look: one inline sheet, admitted by its hash. Colours meet WCAG AA in both schemes. */
export const style = `
:root{color-scheme:light dark;--ground:#eef1f6;--panel:#fff;--ink:#172033;--soft:#566178;--line:#c9d0dd;--field:#fff;--accent:#2456c7;--accent-ink:#fff;--accent-over:#1b45a4;--bad:#a3192b;--bad-ground:#fdeef0;--bad-line:#e7a4ad}
@media (prefers-color-scheme:dark){:root{--ground:#0f141d;--panel:#18202d;--ink:#e8ecf4;--soft:#a3aec2;--line:#3a465b;--field:#101722;--accent:#8fb3ff;--accent-ink:#0b1530;--accent-over:#b0c9ff;--bad:#ffb3bb;--bad-ground:#3a1820;--bad-line:#7d3540}}
*{box-sizing:border-box}
body{margin:0;min-height:100vh;min-height:100dvh;display:grid;grid-template-rows:1fr auto;justify-items:center;background:var(--ground);color:var(--ink);font:16px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans","Noto Sans KR","Apple SD Gothic Neo","Malgun Gothic",sans-serif}
main{align-self:center;width:min(25rem,100% - 2rem);margin:2rem 0;padding:2rem;background:var(--panel);border:1px solid var(--line);border-radius:14px;box-shadow:0 1px 2px #0b153012,0 12px 32px #0b153014}
.mark{display:block;width:40px;height:40px;margin:0 0 1.25rem;color:var(--accent)}
h2{margin:0 0 .25rem;font-size:1.375rem;line-height:1.25;letter-spacing:-.01em;text-wrap:balance}
p{margin:.25rem 0 0;color:var(--soft);overflow-wrap:anywhere}
form{margin:1.5rem 0 0}
label{display:block;margin:0 0 .375rem;font-size:.875rem;font-weight:600}
input{width:100%;margin:0 0 1rem;padding:.625rem .75rem;font:inherit;color:inherit;background:var(--field);border:1px solid var(--soft);border-radius:8px}
input[aria-invalid=true]{border-color:var(--bad)}
.dex-btn{display:flex;align-items:center;justify-content:center;width:100%;min-height:2.875rem;padding:.5rem 1rem;font:inherit;font-weight:600;text-align:center;text-decoration:none;color:var(--ink);background:var(--panel);border:1px solid var(--soft);border-radius:8px;cursor:pointer;overflow-wrap:anywhere}
.dex-btn:hover{border-color:var(--accent);color:var(--accent)}
.theme-btn--primary{color:var(--accent-ink);background:var(--accent);border-color:var(--accent)}
.theme-btn--primary:hover{color:var(--accent-ink);background:var(--accent-over);border-color:var(--accent-over)}
:focus-visible{outline:3px solid var(--accent);outline-offset:2px}
.dex-error-box{margin:0 0 1rem;padding:.625rem .75rem;color:var(--bad);background:var(--bad-ground);border:1px solid var(--bad-line);border-radius:8px}
.dex-error-box:empty{display:none}
.methods{list-style:none;margin:1.5rem 0 0;padding:0;display:grid;gap:.75rem}
.asks{margin:1rem 0 0;padding:0 0 0 1.25rem}
.asks li{margin:.25rem 0}
.choice{margin:.75rem 0 0}
:not(form)+.choice{margin-top:1.5rem}
:lang(ko){word-break:keep-all}
.other{margin:1.25rem 0 0;text-align:center;font-size:.9375rem}
a{color:var(--accent)}
footer{padding:0 1rem 1.25rem;color:var(--soft);font-size:.8125rem}
@media (max-width:26rem){main{padding:1.5rem}}
@media (forced-colors:active){.dex-btn{border-color:ButtonText}}
`

/** For the Content-Security-Policy header. */
export const styleHash = `sha256-${createHash('sha256').update(style).digest('base64')}`
