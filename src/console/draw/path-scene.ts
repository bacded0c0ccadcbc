/**
 * The way of a request as boxes from left to right: what stands in each, where it is, and how it looks.
 * The same for the page and for a picture that is saved.
 */
import type { Told, ToldStep } from '../engine/ask.ts'

/** What became of the request at a box. */
export type Fate = 'decides' | 'passed' | 'skipped' | 'unreached' | 'unknown'

export interface Box {
  readonly id: string
  readonly hop: number
  /** `tls`, `custom`, …: the page has words for it. */
  readonly phase: string
  readonly fate: Fate
  /** The step that stands for the box: the one that decided, or told most. */
  readonly step: number | undefined
  /** Steps of the box, by place in the answer. */
  readonly steps: readonly number[]
  readonly object: string
  readonly x: number
  readonly y: number
}

export interface Frame {
  readonly hop: number
  readonly name: string
  readonly x: number
  readonly y: number
  readonly width: number
  readonly height: number
}

export interface Scene {
  readonly width: number
  readonly height: number
  readonly boxes: readonly Box[]
  readonly arrows: readonly {
    readonly from: string
    readonly to: string
    readonly reached: boolean
    readonly points: readonly { readonly x: number; readonly y: number }[]
  }[]
  readonly frames: readonly Frame[]
}

export const boxWidth = 104
export const boxHeight = 58

/** In the order of Envoy's filters. */
const gatewayPhases = ['listener', 'tls', 'custom', 'jwt', 'deny', 'allow', 'route', 'rewrite']
/** Of every proxy behind the first: how it is reached comes first. */
const laterPhases = ['next-hop', 'sidecar', ...gatewayPhases, 'application']
/** What would come, where the first proxy already answered. */
const missingPhases = ['next-hop', 'sidecar', 'application']

/** Steps that stand in another's box. */
const boxOf: Readonly<Record<string, string>> = {
  normalize: 'listener',
  audit: 'allow',
  fault: 'route',
  cors: 'route',
}

/** Between two boxes, and around all of them. */
const gap = 20
const margin = 12
/** For the names of the frames. */
const top = 26

/** A request takes one way, so its boxes stand in one row. */
export function pathScene(told: Told): Scene {
  const y = top + margin + boxHeight / 2
  const boxes = draftsOf(told).map((draft, index): Box => {
    return { ...draft, x: margin + boxWidth / 2 + index * (boxWidth + gap), y }
  })
  const arrows = boxes.slice(1).map((to, index) => {
    const from = boxes[index] as Box
    const points = [
      { x: from.x + boxWidth / 2, y },
      { x: to.x - boxWidth / 2, y },
    ]
    return { from: from.id, to: to.id, reached: to.fate !== 'unreached', points }
  })
  const width = 2 * margin + boxes.length * (boxWidth + gap) - gap
  return { width, height: top + 2 * margin + boxHeight, boxes, arrows, frames: framesOf(told, boxes) }
}

type Draft = Omit<Box, 'x' | 'y'>

function draftsOf(told: Told): readonly Draft[] {
  const { steps, hops } = told
  const deciding = steps.findIndex(({ decides }) => decides)
  const end = steps[deciding]
  const seen = new Map<string, number[]>()
  for (const [index, step] of steps.entries()) {
    for (const phase of boxesOf(step)) {
      const key = `${step.hop} ${phase}`
      seen.set(key, [...(seen.get(key) ?? []), index])
    }
  }
  const drafts: Draft[] = []
  const last = Math.max(1, hops.length - 1)
  for (let hop = 0; hop <= last; hop++) {
    const phases = hop === 0 ? gatewayPhases : hop < hops.length ? laterPhases : missingPhases
    for (const phase of phases) {
      const own = seen.get(`${hop} ${phase}`) ?? []
      // A later proxy shows what it has; the first one shows what it could have.
      if (own.length === 0 && hop > 0 && hop < hops.length) continue
      drafts.push(draftOf(told, hop, phase, own, deciding, end))
    }
  }
  return drafts
}

/** The boxes a step is shown in: a TLS listener stands in two. */
function boxesOf({ phase, reason }: ToldStep): readonly string[] {
  if (phase === 'listener' && reason === 'tls-listener') return ['listener', 'tls']
  if (phase === 'listener' && /tls|sni|certificate|handshake/.test(reason)) return ['tls']
  return [boxOf[phase] ?? phase]
}

function draftOf(
  { steps, verdict }: Told,
  hop: number,
  phase: string,
  own: readonly number[],
  deciding: number,
  end: ToldStep | undefined,
): Draft {
  const decides = end !== undefined && own.includes(deciding)
  const after =
    end !== undefined &&
    (hop > end.hop || (hop === end.hop && order(phase) > order(boxesOf(end)[0] as string)))
  const step = decides
    ? deciding
    : (own.findLast((index) => steps[index]?.outcome !== 'missed') ?? own.at(-1))
  const told = step === undefined ? undefined : steps[step]
  const fate: Fate = decides
    ? 'decides'
    : own.length > 0
      ? own.some((index) => steps[index]?.outcome === 'unknown')
        ? 'unknown'
        : own.every((index) => ['skipped', 'missed', 'near-miss'].includes(steps[index]?.outcome ?? ''))
          ? 'skipped'
          : 'passed'
      : after && verdict !== 'allow'
        ? 'unreached'
        : 'skipped'
  return {
    id: `${hop}-${phase}`,
    hop,
    phase,
    fate,
    step,
    steps: own,
    object: told?.object?.name ?? '',
  }
}

function order(phase: string): number {
  return laterPhases.indexOf(phase)
}

function framesOf({ hops }: Told, boxes: readonly Box[]): readonly Frame[] {
  return hops.flatMap((name, hop) => {
    const own = boxes.filter((box) => box.hop === hop)
    if (own.length === 0) return []
    const left = Math.min(...own.map(({ x }) => x)) - boxWidth / 2 - 8
    const right = Math.max(...own.map(({ x }) => x)) + boxWidth / 2 + 8
    const top = Math.min(...own.map(({ y }) => y)) - boxHeight / 2 - 26
    const bottom = Math.max(...own.map(({ y }) => y)) + boxHeight / 2 + 8
    return [{ hop, name, x: left, y: top, width: right - left, height: bottom - top }]
  })
}

/** As many letters as a box holds, wide ones for two. */
export function fitted(text: string, most: number): string {
  let width = 0
  let shown = ''
  for (const char of text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, ' ')) {
    width += (char.codePointAt(0) as number) >= 0x1100 ? 1.75 : 1
    if (width > most) return `${shown.slice(0, -1)}…`
    shown += char
  }
  return shown
}
