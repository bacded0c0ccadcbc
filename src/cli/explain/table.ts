import { stripVTControlCharacters, styleText } from 'node:util'

/** Styles a cell may have; without colour it stays as it is. */
export type Paint = (style: Parameters<typeof styleText>[0], text: string) => string

export function painter(colour: boolean): Paint {
  return (style, text) => (colour && text !== '' ? styleText(style, text, { validateStream: false }) : text)
}

/** Cells a terminal needs for a text: colours take none, wide letters two. */
export function widthOf(text: string): number {
  let width = 0
  for (const char of stripVTControlCharacters(text)) {
    width +=
      /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe4f\uff00-\uff60\uffe0-\uffe6]/u.test(
        char,
      )
        ? 2
        : 1
  }
  return width
}

/** The last column is not padded, so that long sentences do not trail blanks. */
export function columns(rows: readonly (readonly string[])[], gap = '  '): string[] {
  const widths: number[] = []
  for (const row of rows) {
    for (const [index, cell] of row.entries()) widths[index] = Math.max(widths[index] ?? 0, widthOf(cell))
  }
  return rows.map((row) =>
    row
      .map((cell, index) =>
        index === row.length - 1 ? cell : cell + ' '.repeat((widths[index] ?? 0) - widthOf(cell)),
      )
      .join(gap)
      .trimEnd(),
  )
}
