import { useSignal } from '@preact/signals'
import type { TargetedKeyboardEvent } from 'preact'
import { useLayoutEffect, useRef } from 'preact/hooks'
import type { MapLine, MapTable } from '../map-model.ts'
import { t } from '../texts/index.ts'
import { shortened, verdictText } from './words.tsx'

const rowHeight = 30
const columnWidth = 118
const headWidth = 380
const headHeight = 58
/** Rows and columns beyond the edge that are drawn all the same. */
const margin = 4

/** A table of any size: only what is in sight is in the document. */
export function MapGrid({
  table,
  open,
}: {
  readonly table: MapTable
  readonly open: (row: number, column: number) => void
}) {
  const { columns, lines } = table
  const box = useRef<HTMLDivElement>(null)
  const view = useSignal({ top: 0, left: 0, width: 1200, height: 600 })
  const at = useSignal({ row: 0, column: 0 })
  const look = () => {
    const { current } = box
    if (current)
      view.value = {
        top: current.scrollTop,
        left: current.scrollLeft,
        width: current.clientWidth,
        height: current.clientHeight,
      }
  }
  useLayoutEffect(() => {
    look()
    const observer = new ResizeObserver(look)
    if (box.current) observer.observe(box.current)
    return () => observer.disconnect()
  }, [])
  const { top, left, width, height } = view.value
  const firstRow = Math.max(0, Math.floor(top / rowHeight) - margin)
  const lastRow = Math.min(lines.length, Math.ceil((top + height) / rowHeight) + margin)
  const firstColumn = Math.max(0, Math.floor(left / columnWidth) - margin)
  const lastColumn = Math.min(columns.length, Math.ceil((left + width) / columnWidth) + margin)
  const shownColumns = columns.slice(firstColumn, lastColumn)
  const focused = {
    row: Math.min(at.value.row, lines.length - 1),
    column: Math.min(at.value.column, columns.length - 1),
  }

  const reveal = (row: number, column: number) => {
    at.value = { row, column }
    const { current } = box
    if (!current) return
    const y = row * rowHeight
    if (y < current.scrollTop) current.scrollTop = y
    else if (y + rowHeight + headHeight > current.scrollTop + current.clientHeight)
      current.scrollTop = y + rowHeight + headHeight - current.clientHeight
    const x = column * columnWidth
    if (x < current.scrollLeft) current.scrollLeft = x
    else if (x + columnWidth + headWidth > current.scrollLeft + current.clientWidth)
      current.scrollLeft = x + columnWidth + headWidth - current.clientWidth
  }
  const press = (event: TargetedKeyboardEvent<HTMLDivElement>) => {
    const { row, column } = focused
    const page = Math.max(1, Math.floor((height - headHeight) / rowHeight) - 1)
    const moves: Readonly<Record<string, readonly [number, number]>> = {
      ArrowDown: [row + 1, column],
      ArrowUp: [row - 1, column],
      ArrowRight: [row, column + 1],
      ArrowLeft: [row, column - 1],
      PageDown: [row + page, column],
      PageUp: [row - page, column],
      Home: [event.ctrlKey ? 0 : row, 0],
      End: [event.ctrlKey ? lines.length - 1 : row, columns.length - 1],
    }
    const to = moves[event.key]
    if (to) {
      event.preventDefault()
      reveal(Math.min(Math.max(0, to[0]), lines.length - 1), Math.min(Math.max(0, to[1]), columns.length - 1))
    } else if (event.key === 'Enter' || event.key === ' ') {
      event.preventDefault()
      open(row, column)
    }
  }
  const inner = {
    width: `${headWidth + columns.length * columnWidth}px`,
    height: `${headHeight + lines.length * rowHeight}px`,
  }
  return (
    <div
      class="grid"
      ref={box}
      role="grid"
      aria-label={t('mapGrid')}
      aria-rowcount={lines.length + 1}
      aria-colcount={columns.length + 1}
      aria-activedescendant={`c${focused.row}-${focused.column}`}
      tabIndex={0}
      onScroll={look}
      onKeyDown={press}
    >
      <div class="grid-inner" style={inner} role="rowgroup">
        <div class="grid-head" role="row" aria-rowindex={1} style={{ height: `${headHeight}px` }}>
          <div class="grid-corner" role="columnheader" aria-colindex={1} style={{ width: `${headWidth}px` }}>
            {t('mapRoute')}
          </div>
          {shownColumns.map(({ name, principals }, index) => (
            <div
              key={name}
              class="grid-column"
              role="columnheader"
              aria-colindex={firstColumn + index + 2}
              title={principals.slice(0, 60).join('\n')}
              style={{
                left: `${headWidth + (firstColumn + index) * columnWidth}px`,
                width: `${columnWidth}px`,
              }}
            >
              <CallerName name={name} more={principals.length - 1} />
            </div>
          ))}
        </div>
        {lines.slice(firstRow, lastRow).map((line, index) => (
          <Row
            key={line.key}
            line={line}
            row={firstRow + index}
            first={firstColumn}
            last={lastColumn}
            focused={focused.row === firstRow + index ? focused.column : undefined}
            open={(column) => {
              at.value = { row: firstRow + index, column }
              open(firstRow + index, column)
            }}
          />
        ))}
      </div>
    </div>
  )
}

function CallerName({ name, more }: { readonly name: string; readonly more: number }) {
  const [, kind = '', rest = ''] = /^([^:]+):?(.*)$/.exec(name) ?? []
  // Accounts of one namespace differ in what stands behind the slash.
  const [, namespace, own = rest] = /^([^/,]+)\/(.*)$/.exec(rest) ?? []
  return (
    <>
      <span class="kind">
        {kind}
        {more > 0 && <span class="count">{t('mapMore', more)}</span>}
      </span>
      <span class="name">{shortened(own, 80)}</span>
      {namespace !== undefined && <span class="name">{shortened(namespace, 80)}</span>}
    </>
  )
}

function Row({
  line,
  row,
  first,
  last,
  focused,
  open,
}: {
  readonly line: MapLine
  readonly row: number
  readonly first: number
  readonly last: number
  readonly focused: number | undefined
  readonly open: (column: number) => void
}) {
  const place = { top: `${headHeight + row * rowHeight}px`, height: `${rowHeight}px` }
  return (
    <div class="grid-row" role="row" aria-rowindex={row + 2} style={place}>
      <div
        class="grid-route"
        role="rowheader"
        aria-colindex={1}
        title={`${line.door}\n${line.hosts} ${line.match}\n${line.id}`}
        style={{ width: `${headWidth}px` }}
      >
        <span class="match">{shortened(line.match, 80)}</span>
        <span class="id">{shortened(`${line.hosts} · ${line.id}`, 120)}</span>
      </div>
      {line.cells.slice(first, last).map((cell, index) => {
        const column = first + index
        const [best] = cell?.rows ?? []
        const left = { left: `${headWidth + column * columnWidth}px`, width: `${columnWidth}px` }
        return (
          <div
            key={column}
            id={`c${row}-${column}`}
            role="gridcell"
            aria-colindex={column + 2}
            class={`cell v-${best?.verdict ?? 'none'}${focused === column ? ' focused' : ''}`}
            style={left}
            title={best && `${best.principal}\n${best.reason}\n${best.witness.method} ${best.witness.url}`}
            onClick={() => open(column)}
          >
            {best === undefined ? <span class="none">{t('mapNothing')}</span> : verdictText(best.verdict)}
            {(cell?.rows.length ?? 0) > 1 && (
              <span class="count">{t('mapMore', (cell?.rows.length ?? 1) - 1)}</span>
            )}
          </div>
        )
      })}
    </div>
  )
}
