import assert from 'node:assert/strict'
import type { Page } from 'playwright-core'

/** What is wrong with a page for somebody who cannot see it well, or at all. Empty = nothing found. */
export async function faultsOf(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const faults: string[] = []
    const name = (element: Element) => `<${element.localName}${element.id ? ` id=${element.id}` : ''}>`
    if (!/^(en|ko)$/.test(document.documentElement.lang)) faults.push('the page names no language')
    if (document.title.trim() === '') faults.push('the page has no title')
    if (!document.querySelector('h1, h2')) faults.push('the page has no heading')
    if (document.querySelectorAll('main').length !== 1) faults.push('the page has no one main part')
    if (!document.querySelector('meta[name=viewport]'))
      faults.push('the page does not fit itself to small screens')

    for (const field of document.querySelectorAll<HTMLInputElement>(
      'input:not([type=hidden]), select, textarea',
    )) {
      const label = [...(field.labels ?? [])].map((each) => each.textContent ?? '').join('')
      if (!(label.trim() || field.getAttribute('aria-label'))) faults.push(`${name(field)} has no label`)
      if (!field.autocomplete) faults.push(`${name(field)} does not say what a browser may fill in`)
    }
    for (const pressed of document.querySelectorAll('button, a[href]')) {
      if (!(pressed.textContent?.trim() || pressed.getAttribute('aria-label'))) {
        faults.push(`${name(pressed)} has no name`)
      }
    }
    for (const image of document.querySelectorAll('img, svg')) {
      if (!image.hasAttribute('alt') && image.getAttribute('aria-hidden') !== 'true') {
        faults.push(`${name(image)} is neither described nor hidden`)
      }
    }
    const root = document.scrollingElement as Element
    if (root.scrollWidth > innerWidth) faults.push(`the page is ${root.scrollWidth} wide on ${innerWidth}`)

    // WCAG 2.2, 1.4.3: relative luminance of text and of what lies behind it.
    type Colour = readonly [number, number, number, number]
    const parse = (text: string): Colour => {
      const [r = 0, g = 0, b = 0, a = 1] = (text.match(/[\d.]+/g) ?? []).map(Number)
      return [r, g, b, a]
    }
    const over = (top: Colour, below: Colour): Colour => {
      const mix = (at: 0 | 1 | 2) => top[at] * top[3] + below[at] * (1 - top[3])
      return [mix(0), mix(1), mix(2), 1]
    }
    const luminance = ([r, g, b]: Colour) => {
      const linear = [r, g, b].map((each) => {
        const part = each / 255
        return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4
      }) as [number, number, number]
      return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    }
    const behind = (element: Element | null): Colour => {
      if (!element)
        return matchMedia('(prefers-color-scheme: dark)').matches ? [18, 18, 18, 1] : [255, 255, 255, 1]
      const own = parse(getComputedStyle(element).backgroundColor)
      return own[3] === 1 ? own : over(own, behind(element.parentElement))
    }
    for (const element of document.body.querySelectorAll('*')) {
      const texts = [...element.childNodes].filter((node) => node.nodeType === Node.TEXT_NODE)
      const said = texts
        .map((node) => node.textContent ?? '')
        .join('')
        .trim()
      const typed = element instanceof HTMLInputElement && element.type !== 'hidden'
      if (!(said || typed) || element.getClientRects().length === 0) continue
      const ground = behind(element)
      const [a, b] = [luminance(over(parse(getComputedStyle(element).color), ground)), luminance(ground)]
      const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05)
      if (ratio < 4.5)
        faults.push(`${name(element)} "${said.slice(0, 30)}" has a contrast of ${ratio.toFixed(2)}`)
    }
    return faults
  })
}

/** Presses Tab until what `selector` means has the focus; every stop on the way shows that it has it. */
export async function tabTo(page: Page, selector: string): Promise<void> {
  for (let presses = 0; presses < 30; presses++) {
    const stop = await page.evaluate((wanted) => {
      const active = document.activeElement
      if (!active || active === document.body) return 'nowhere'
      const { outlineStyle, outlineWidth, boxShadow } = getComputedStyle(active)
      const shown = (outlineStyle !== 'none' && Number.parseFloat(outlineWidth) >= 2) || boxShadow !== 'none'
      if (!shown) return `<${active.localName}> does not show its focus`
      return active.matches(wanted) ? 'there' : 'elsewhere'
    }, selector)
    if (stop === 'there') return
    assert.ok(stop === 'nowhere' || stop === 'elsewhere', stop)
    await page.keyboard.press('Tab')
  }
  assert.fail(`Tab does not reach ${selector} on ${page.url()}`)
}
