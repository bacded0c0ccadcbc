import { useSignal } from '@preact/signals'
import { useEffect, useRef } from 'preact/hooks'
import type { Told } from '../../engine/ask.ts'
import { edit, edits, inputs, opened, outside, resetEdits } from '../state.ts'
import { t } from '../texts/index.ts'
import type { Lit, Marked, YamlEditor } from './editor.ts'
import { shortened } from './words.tsx'

/** The YAML behind a step: the file, its lines lit, to be edited in place. */
export function YamlPane({
  file,
  line,
  told,
  choose,
  pin,
}: {
  readonly file: string
  readonly line: number | undefined
  readonly told: Told | undefined
  readonly choose: (file: string) => void
  /** Called as somebody works in the file; `edited` = its lines are no longer where they were. */
  readonly pin: (file: string, edited: boolean) => void
}) {
  const host = useRef<HTMLDivElement>(null)
  const editor = useSignal<YamlEditor | undefined>(undefined)
  const pinned = useRef(pin)
  pinned.current = pin
  const text = inputs.value.find((one) => one.file === file)?.text ?? ''

  useEffect(() => {
    let gone = false
    let made: YamlEditor | undefined
    void import('./editor.ts').then((loaded) => {
      if (gone || !host.current) return
      made = new loaded.YamlEditor(
        host.current,
        { file, text, label: t('editor', file) },
        {
          // The file stays while one works in it, whatever decides now.
          entered: (of) => pinned.current(of, false),
          changed: (of, next) => {
            pinned.current(of, true)
            edit(of, next, 'editor')
          },
        },
      )
      editor.value = made
    })
    return () => {
      gone = true
      made?.close()
    }
  }, [])

  // What was typed is there already; a text that comes back later than the next key would undo it.
  const label = t('editor', file)
  useEffect(() => editor.value?.show({ file, text, label }), [editor.value, file, label, outside.value])
  const lines = litLines(file, line, told)
  const key = JSON.stringify(lines)
  useEffect(() => editor.value?.light(lines, undefined), [editor.value, file, label, key])
  useEffect(() => editor.value?.light(lines, line), [editor.value, file, line])
  const marks = (opened.value?.problems ?? [])
    .filter(({ at }) => at.file === file)
    .map(({ at, severity, message }): Marked => ({ line: at.line, severity, message }))
  const marksKey = JSON.stringify(marks)
  useEffect(() => editor.value?.mark(marks), [editor.value, file, label, marksKey])

  return (
    <section class="yaml" aria-labelledby="yaml-title">
      <div class="bar">
        <h2 id="yaml-title">{t('yaml')}</h2>
        <label class="grow">
          <span class="hidden">{t('file')}</span>
          <select autocomplete="off" value={file} onChange={(event) => choose(event.currentTarget.value)}>
            {inputs.value.map((one) => (
              <option key={one.file} value={one.file}>
                {shortened(one.file, 120)}
                {edits.value.has(one.file) ? ' *' : ''}
              </option>
            ))}
          </select>
        </label>
        {edits.value.has(file) && (
          <button type="button" class="quiet" onClick={() => resetEdits(file)}>
            {t('reset')}
          </button>
        )}
      </div>
      <div class="editor" ref={host} />
      {editor.value === undefined && (
        <p class="note" role="status">
          {t('editorLoading')}
        </p>
      )}
      <p class="hint">{t('editHint')}</p>
    </section>
  )
}

/** The lines of every step in this file; those that decide stand out. */
function litLines(file: string, line: number | undefined, told: Told | undefined): readonly Lit[] {
  const lit = new Map<number, Lit['kind']>()
  if (line !== undefined) lit.set(line, 'step')
  for (const { at, decides } of told?.steps ?? []) {
    if (at?.file === file && decides) lit.set(at.line, 'decides')
  }
  return [...lit].map(([at, kind]) => ({ line: at, kind }))
}
