import { type Html, Html as HtmlText, html } from './html.ts'
import { style } from './style.ts'
import { type Language, words } from './words.ts'

// A door left ajar. Decoration: it says nothing the page does not say in words.
const mark = html`<svg class="mark" viewBox="0 0 40 40" fill="none" stroke="currentColor" stroke-width="2.5" stroke-linejoin="round" stroke-linecap="round" aria-hidden="true"><path d="M8 35V7a2 2 0 0 1 2-2h20a2 2 0 0 1 2 2v28"/><path d="M4 35h32"/><path d="M12 9l13 4v22l-13-4z" fill="currentColor" fill-opacity=".16"/><path d="M21 22v2.5"/></svg>`

const sheet = new HtmlText(`<style>${style}</style>`)

export function layout(language: Language, title: string, content: Html): Html {
  return html`<!DOCTYPE html>
<html lang="${language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>${title}</title>
<link rel="icon" href="data:,">
${sheet}
</head>
<body>
<main>
${mark}
${content}
</main>
<footer>${words[language].localDoor}</footer>
</body>
</html>
`
}
