import type { TargetedKeyboardEvent } from 'preact'
import { useEffect, useRef } from 'preact/hooks'
import { type Box, boxHeight, boxWidth, fitted, pathScene } from '../../draw/path-scene.ts'
import { phaseNames } from '../../draw/phase-names.ts'
import type { Told } from '../../engine/ask.ts'
import { type TextKey, t } from '../texts/index.ts'

const fates: Readonly<Record<Box['fate'], TextKey>> = {
  decides: 'decides',
  passed: 'passed',
  skipped: 'skipped',
  unreached: 'unreached',
  unknown: 'undecided',
}

/** The way of a request, drawn; the table of steps below says the same in words. */
export function PathGraph({
  told,
  selected,
  choose,
}: {
  readonly told: Told
  readonly selected: number | undefined
  readonly choose: (step: number) => void
}) {
  const scroller = useRef<HTMLDivElement>(null)
  const { width, height, boxes, arrows, frames } = pathScene(told)
  const decider = boxes.find(({ fate }) => fate === 'decides')
  // What decides stands in sight, however long the way is.
  useEffect(() => {
    const box = scroller.current
    if (box && decider) box.scrollLeft = decider.x - box.clientWidth / 2
  }, [decider?.x])
  return (
    <div class="path" ref={scroller} role="group" aria-label={t('path')} tabIndex={0}>
      <svg
        width={width}
        height={height}
        viewBox={`0 0 ${width} ${height}`}
        role="group"
        aria-label={t('pathHint')}
      >
        <defs>
          <marker id="tip" viewBox="0 0 6 6" refX="5" refY="3" markerWidth="6" markerHeight="6" orient="auto">
            <path d="M0 0L6 3L0 6z" class="tip" />
          </marker>
        </defs>
        {frames.map((frame) => (
          <g key={frame.hop} class="frame">
            <rect x={frame.x} y={frame.y} width={frame.width} height={frame.height} rx={6} />
            <text x={frame.x + 8} y={frame.y + 16}>
              {fitted(frame.name, Math.floor((frame.width - 12) / 6.2))}
            </text>
          </g>
        ))}
        {arrows.map(({ from, to, reached, points: [first, ...rest] }) => (
          <path
            key={`${from} ${to}`}
            class={reached ? 'arrow' : 'arrow off'}
            d={`M${first?.x ?? 0} ${first?.y ?? 0}${rest.map(({ x, y }) => `L${x} ${y}`).join('')}`}
            marker-end="url(#tip)"
          />
        ))}
        {boxes.map((box) => (
          <BoxShape
            key={box.id}
            box={box}
            selected={selected !== undefined && box.steps.includes(selected)}
            choose={choose}
          />
        ))}
      </svg>
    </div>
  )
}

function BoxShape({
  box,
  selected,
  choose,
}: {
  readonly box: Box
  readonly selected: boolean
  readonly choose: (step: number) => void
}) {
  const { x, y, phase, fate, object, step } = box
  const [left, top] = [x - boxWidth / 2, y - boxHeight / 2]
  const name = phaseNames[phase] ?? phase
  const pick = () => step !== undefined && choose(step)
  const press = (event: TargetedKeyboardEvent<SVGGElement>) => {
    if (event.key !== 'Enter' && event.key !== ' ') return
    event.preventDefault()
    pick()
  }
  const shape = (
    <>
      <rect x={left} y={top} width={boxWidth} height={boxHeight} rx={4} />
      <text class="phase" x={left + 8} y={top + 18}>
        {`${name} `}
      </text>
      <text class="object" x={left + 8} y={top + 34}>
        {`${fitted(object, 15)} `}
      </text>
      <text class="fate" x={left + 8} y={top + 50}>
        {t(fates[fate])}
      </text>
    </>
  )
  if (step === undefined) return <g class={`box ${fate}`}>{shape}</g>
  return (
    <g
      class={`box ${fate}${selected ? ' selected' : ''}`}
      role="button"
      tabindex={0}
      aria-pressed={selected}
      onClick={pick}
      onKeyDown={press}
    >
      {shape}
    </g>
  )
}
