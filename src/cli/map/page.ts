import { createHash } from 'node:crypto'
import type { MapRow } from '../../regions/index.ts'
import { type AroundRow, aroundText } from './around.ts'
import { fold, witnessText } from './render.ts'

/** Those a reader looks for; the rest are told apart by their words. */
const told = new Set(['allow', 'deny', 'challenge', 'redirect', 'unknown'])

/** Rows with a word of each kind stay: nothing of the page's data is run, and nothing is fetched. */
const script = `const find=document.getElementById('find'),found=document.getElementById('found'),rows=[...document.querySelectorAll('tbody tr')]
find.addEventListener('input',()=>{const words=find.value.toLowerCase().split(/\\s+/);let shown=0
for(const row of rows){row.hidden=!words.every((word)=>row.dataset.text.includes(word));if(!row.hidden)shown++}
found.textContent=shown+' of '+rows.length+' rows'})`

const style = `:root{color-scheme:light dark;--ink:#1c1c1c;--paper:#fff;--soft:#555;--line:#ddd;--chip:#f1f1f1;--allow:#1a7f37;--deny:#b42318;--challenge:#7a5600;--redirect:#4c5aa8;--unknown:#6b3fa0}
@media (prefers-color-scheme:dark){:root{--ink:#eee;--paper:#161616;--soft:#b0b0b0;--line:#3a3a3a;--chip:#2b2b2b;--allow:#5fd07f;--deny:#ff8f85;--challenge:#e8b84a;--redirect:#9fb0ff;--unknown:#cfa8ff}}
body{font:15px/1.45 system-ui,sans-serif;margin:0;color:var(--ink);background:var(--paper)}
main{padding:1.25rem clamp(.75rem,3vw,2rem)}
table{border-collapse:collapse;width:100%;table-layout:fixed}
th,td{text-align:left;vertical-align:top;padding:.5rem .6rem;border-bottom:1px solid var(--line);overflow-wrap:anywhere}
th{position:sticky;top:0;background:var(--paper)}
th:nth-child(1){width:16%}th:nth-child(2){width:21%}th:nth-child(3){width:12%}th:nth-child(4){width:31%}
code{font:13px/1.4 ui-monospace,monospace}
small,.soft{color:var(--soft)}
.who{display:inline-block;background:var(--chip);border-radius:3px;padding:0 .35rem;margin:.1rem 0}
.allow{color:var(--allow)}.deny{color:var(--deny)}.challenge{color:var(--challenge)}.redirect{color:var(--redirect)}.unknown{color:var(--unknown)}
label{display:block}
#found{margin:.4rem 0 1rem;min-height:1.45em}
::placeholder{color:var(--soft);opacity:1}
:focus-visible{outline:2px solid var(--redirect);outline-offset:2px}
input{font:inherit;color:inherit;background:var(--paper);border:1px solid var(--soft);border-radius:4px;padding:.4rem .6rem;width:100%;max-width:32rem;box-sizing:border-box}
@media (max-width:52rem){thead{position:absolute;clip-path:inset(50%);width:1px;height:1px;overflow:hidden}table,tbody,tr,td{display:block}tr[hidden]{display:none}tr{padding:.6rem 0;border-bottom:1px solid var(--line)}td{border:0;padding:.15rem 0}}`

/** One page that needs nothing else: no font and no picture of anybody's, and of scripts only its own. */
export function asPage(rows: readonly MapRow[], around: readonly AroundRow[]): string {
  const folded = fold(rows)
  const body = folded.map(({ row, principals }) => {
    const { door, route, verdict, reason, witness } = row
    const cells = [
      escaped(door),
      `${escaped(route.hosts.join(', '))}<br><code>${escaped(route.match)}</code><br><small>${escaped(route.id)}</small>`,
      `<b${told.has(verdict) ? ` class="${verdict}"` : ''}>${escaped(verdict)}</b><br><small>${escaped(reason)}</small>`,
      principals.map((name) => `<span class="who">${escaped(name)}</span>`).join(' '),
      `<code>${escaped(witnessText(witness))}</code>`,
    ]
    const text = [door, route.id, ...route.hosts, route.match, verdict, reason, ...principals].join(' ')
    return `<tr data-text="${escaped(text.toLowerCase())}"><td>${cells.join('</td><td>')}</td></tr>`
  })
  const ways = around.map((each) => `<li>${escaped(aroundText(each))}</li>`)
  const hash = createHash('sha256').update(script).digest('base64')
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-${hash}'; base-uri 'none'; form-action 'none'">
<title>kfdoor map</title>
<style>${style}</style></head><body><main>
<h1>Who reaches what</h1>
<p>${rows.length} rows in ${folded.length}: callers one route treats alike stand together. Made by <code>kfdoor map</code>.</p>
<label for="find">Show only rows with <input id="find" type="search" autocomplete="off" placeholder="anonymous /pipeline allow"></label>
<p id="found" class="soft" role="status"></p>
<table><thead><tr><th scope="col">door</th><th scope="col">route</th><th scope="col">verdict</th><th scope="col">who</th><th scope="col">smallest request</th></tr></thead><tbody>
${body.join('\n')}
</tbody></table>
${ways.length === 0 ? '' : `<h2>Ways around the gateway</h2><ul>${ways.join('')}</ul>`}
</main><script>${script}</script></body></html>`
}

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)
}
