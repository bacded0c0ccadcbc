import type { Told } from '../engine/ask.ts'
import { type Box, boxHeight, boxWidth, fitted, pathScene } from './path-scene.ts'
import { phaseNames } from './phase-names.ts'

interface Ink {
  readonly ground: string
  readonly text: string
  readonly dim: string
  readonly line: string
  readonly accent: string
}

const light: Ink = { ground: '#ffffff', text: '#1b1f24', dim: '#59636e', line: '#c4cbd3', accent: '#9a3412' }
const dark: Ink = { ground: '#14171b', text: '#e6e9ed', dim: '#9aa4af', line: '#3a424c', accent: '#fdba74' }

/** The way of a request as a picture of its own: no script, no style sheet, nothing from elsewhere. */
export function pathSvg(told: Told, isDark = false): string {
  const ink = isDark ? dark : light
  const { width, height, boxes, arrows, frames } = pathScene(told)
  const w = Math.ceil(width) + 8
  const h = Math.ceil(height) + 40
  const parts = [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${w}" height="${h}" viewBox="0 0 ${w} ${h}" role="img" font-family="system-ui, sans-serif" font-size="12">`,
    `<title>${escaped(`${told.verdict}: ${told.outcome}`)}</title>`,
    `<rect width="${w}" height="${h}" fill="${ink.ground}"/>`,
    ...frames.map(
      (frame) =>
        `<rect x="${frame.x}" y="${frame.y}" width="${frame.width}" height="${frame.height}" rx="6" fill="none" stroke="${ink.line}"/><text x="${frame.x + 8}" y="${frame.y + 15}" fill="${ink.dim}" font-size="11">${escaped(fitted(frame.name, Math.floor(frame.width / 6.4)))}</text>`,
    ),
    ...arrows.map(({ points, reached }) => {
      const [first, ...rest] = points
      const d = `M${first?.x ?? 0} ${first?.y ?? 0}${rest.map(({ x, y }) => `L${x} ${y}`).join('')}`
      return `<path d="${d}" fill="none" stroke="${reached ? ink.dim : ink.line}"${reached ? '' : ' stroke-dasharray="3 3"'}/>`
    }),
    ...boxes.map((box) => drawn(box, ink)),
    `<text x="12" y="${h - 14}" fill="${ink.text}"><tspan font-weight="600">${escaped(told.verdict)}</tspan> ${escaped(fitted(told.outcome, Math.max(20, Math.floor(w / 7.5))))}</text>`,
    '</svg>',
  ]
  return parts.join('')
}

const words: Readonly<Record<Box['fate'], string>> = {
  decides: 'decides',
  passed: 'passed',
  skipped: 'nothing here',
  unreached: 'not reached',
  unknown: 'unknown',
}

function drawn({ x, y, phase, fate, object }: Box, ink: Ink): string {
  const left = x - boxWidth / 2
  const top = y - boxHeight / 2
  const decides = fate === 'decides'
  const dim = fate === 'skipped' || fate === 'unreached'
  const text = dim ? ink.dim : ink.text
  return [
    `<rect x="${left}" y="${top}" width="${boxWidth}" height="${boxHeight}" rx="4" fill="${ink.ground}" stroke="${decides ? ink.accent : ink.line}" stroke-width="${decides ? 2.5 : 1}"${dim ? ' stroke-dasharray="4 3"' : ''}/>`,
    `<text x="${left + 8}" y="${top + 18}" fill="${text}" font-weight="600">${escaped(phaseNames[phase] ?? phase)}</text>`,
    `<text x="${left + 8}" y="${top + 34}" fill="${ink.dim}" font-size="11">${escaped(fitted(object, 15))}</text>`,
    `<text x="${left + 8}" y="${top + 50}" fill="${decides ? ink.accent : ink.dim}" font-size="11"${decides ? ' font-weight="600"' : ''}>${words[fate]}</text>`,
  ].join('')
}

/** Text of an element or of a double-quoted attribute; what XML cannot hold is taken out. */
function escaped(text: string): string {
  return (
    text
      .toWellFormed()
      // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is taken out
      .replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, '\ufffd')
      .replaceAll('&', '&amp;')
      .replaceAll('<', '&lt;')
      .replaceAll('>', '&gt;')
      .replaceAll('"', '&quot;')
  )
}
