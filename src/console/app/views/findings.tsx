import { useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import type { Finding, LintResult } from '../../../lint/index.ts'
import { commandLine, doorWords } from '../command.ts'
import { CopyCommand } from '../parts/copy.tsx'
import { FindingsTable } from '../parts/findings-table.tsx'
import { query, set } from '../router.ts'
import { ask, edit, inputs, nowSeconds, opened, start } from '../state.ts'
import { t } from '../texts/index.ts'

const severities = ['error', 'warning', 'info'] as const

export function FindingsView() {
  const found = useSignal<LintResult | undefined>(undefined)
  const failed = useSignal('')
  const said = useSignal('')
  const mesh = opened.value
  useEffect(() => {
    let over = false
    ask('lint', 'now', nowSeconds(), start.value?.certificates ?? {})
      .then((result) => {
        if (!over) found.value = result
      })
      .catch((error: unknown) => {
        if (!over) failed.value = String((error as Error).message)
      })
    return () => {
      over = true
    }
  }, [mesh])
  const severity = query.value.get('severity') ?? ''
  const findings = found.value?.findings ?? []
  const shown = findings.filter((one) => severity === '' || one.severity === severity)
  const count = (of: string) => findings.filter((one) => one.severity === of).length
  const write = ({ fix }: Finding) => {
    if (!fix) return
    const text = inputs.value.find(({ file }) => file === fix.at.file)?.text
    if (text === undefined) return
    const lines = text.split('\n')
    const line = lines[fix.at.line - 1]
    if (line === undefined || !line.includes(fix.replace)) return
    // As a function: a dollar sign in YAML is only a dollar sign.
    lines[fix.at.line - 1] = line.replace(fix.replace, () => fix.with)
    edit(fix.at.file, lines.join('\n'))
    said.value = t('fixDone')
  }
  return (
    <div class="findings-view" aria-busy={found.value === undefined && failed.value === ''}>
      <div class="bar">
        <h1 class="view-title">{t('findingsTitle')}</h1>
        <p class="hint" role="status">
          {found.value === undefined
            ? t('working')
            : t('findingsCounts', count('error'), count('warning'), count('info'))}{' '}
          {said.value}
        </p>
        <span class="grow" />
        <label class="choice">
          <span>{t('severity')}</span>
          <select
            autocomplete="off"
            value={severity}
            onChange={(event) => set({ severity: event.currentTarget.value })}
          >
            <option value="">{t('mapAny')}</option>
            {severities.map((one) => (
              <option key={one} value={one}>
                {t(one)}
              </option>
            ))}
          </select>
        </label>
        <CopyCommand command={commandLine('lint', ...doorWords())} />
      </div>
      {failed.value !== '' && (
        <p class="note bad" role="alert">
          {t('failed', failed.value)}
        </p>
      )}
      {found.value !== undefined && shown.length === 0 && <p class="note">{t('findingsNone')}</p>}
      {shown.length > 0 && <FindingsTable findings={shown} write={write} />}
      {(found.value?.suppressed.length ?? 0) > 0 && (
        <p class="hint">{t('suppressed', found.value?.suppressed.length ?? 0)}</p>
      )}
    </div>
  )
}
