import type { MapRow } from '../../regions/index.ts'
import { type AroundRow, aroundText } from './around.ts'
import { fold, witnessText } from './render.ts'

const colours: Readonly<Record<string, string>> = {
  allow: '#1a7f37',
  deny: '#b42318',
  challenge: '#8a6100',
  redirect: '#4c5aa8',
  unknown: '#6b3fa0',
}

/** One page that needs nothing else: no script, no font and no picture of anybody's. */
export function asPage(rows: readonly MapRow[], around: readonly AroundRow[]): string {
  const body = fold(rows).map(({ row, principals }) => {
    const { door, route, verdict, reason, witness } = row
    const colour = colours[verdict] ?? '#555'
    const cells = [
      escaped(door),
      `${escaped(route.hosts.join(', '))}<br><code>${escaped(route.match)}</code><br><small>${escaped(route.id)}</small>`,
      `<b style="color:${colour}">${escaped(verdict)}</b><br><small>${escaped(reason)}</small>`,
      principals.map((name) => `<span class="who">${escaped(name)}</span>`).join(' '),
      `<code>${escaped(witnessText(witness))}</code>`,
    ]
    return `<tr data-text="${escaped([door, route.id, route.match, verdict, reason, ...principals].join(' ').toLowerCase())}"><td>${cells.join('</td><td>')}</td></tr>`
  })
  const ways = around.map((each) => `<li>${escaped(aroundText(each))}</li>`)
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'">
<title>kfdoor map</title>
<style>
body{font:15px/1.45 system-ui,sans-serif;margin:2rem;color:#1c1c1c;background:#fff}
table{border-collapse:collapse;width:100%}
th,td{text-align:left;vertical-align:top;padding:.5rem .6rem;border-bottom:1px solid #ddd;overflow-wrap:break-word}
td:nth-child(1),td:nth-child(3){min-width:8rem}
td:nth-child(2){min-width:12rem;max-width:18rem;overflow-wrap:anywhere}
td:nth-child(5){min-width:12rem;max-width:18rem;overflow-wrap:anywhere}
th{position:sticky;top:0;background:#fff}
code{font:13px ui-monospace,monospace}
small{color:#555}
.who{display:inline-block;background:#f1f1f1;border-radius:3px;padding:0 .35rem;margin:.1rem 0}
input{font:inherit;padding:.4rem .6rem;width:100%;max-width:32rem;margin:0 0 1rem}
@media (prefers-color-scheme:dark){body,th{background:#161616;color:#eee}.who{background:#2b2b2b}small{color:#aaa}th,td{border-color:#333}b{filter:brightness(1.7)}}
</style></head><body>
<h1>Who reaches what</h1>
<p>${rows.length} rows; callers one route treats alike stand together. Made by <code>kfdoor map</code>.</p>
<label>Show only rows with <input id="find" type="search" placeholder="anonymous, /pipeline, allow"></label>
<table><thead><tr><th>door</th><th>route</th><th>verdict</th><th>who</th><th>smallest request</th></tr></thead><tbody>
${body.join('\n')}
</tbody></table>
${ways.length === 0 ? '' : `<h2>Ways around the gateway</h2><ul>${ways.join('')}</ul>`}
<script>
const find=document.getElementById('find')
find.addEventListener('input',()=>{for(const row of document.querySelectorAll('tbody tr'))row.hidden=!find.value.toLowerCase().split(/\\s+/).every((word)=>row.dataset.text.includes(word))})
</script></body></html>`
}

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)
}
