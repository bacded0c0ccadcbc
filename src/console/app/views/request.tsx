import { batch, useSignal } from '@preact/signals'
import { useEffect, useMemo, useRef } from 'preact/hooks'
import { phaseNames } from '../../draw/phase-names.ts'
import type { Told, ToldOrNot } from '../../engine/ask.ts'
import { commandLine, doorWords, isSecretHeader } from '../command.ts'
import { AccessStrip } from '../parts/access-strip.tsx'
import { type AskFields, AskForm } from '../parts/ask-form.tsx'
import { CopyCommand } from '../parts/copy.tsx'
import { PathGraph } from '../parts/path-graph.tsx'
import { PlaceLink } from '../parts/place.tsx'
import { StepsTable } from '../parts/steps-table.tsx'
import { VerdictPanel } from '../parts/verdict.tsx'
import { shortened } from '../parts/words.tsx'
import { YamlPane } from '../parts/yaml-pane.tsx'
import { query, set } from '../router.ts'
import { ask, edits, inputs, nowSeconds, opened, secretHeaders, secretToken } from '../state.ts'
import { inLanguage } from '../texts/engine-words.ts'
import { language, t } from '../texts/index.ts'

function fieldsOf(parts: URLSearchParams): AskFields {
  return {
    method: parts.get('method') ?? 'GET',
    url: parts.get('url') ?? opened.value?.addresses[0] ?? 'https://localhost/',
    as: parts.get('as') ?? 'anonymous',
    headers: parts.getAll('header').filter((line) => !isSecretHeader(line)),
  }
}

export function RequestView() {
  const answer = useSignal<ToldOrNot | undefined>(undefined)
  /** What the answer is about; another object for every question. */
  const answered = useSignal<unknown>(undefined)
  const failed = useSignal('')
  const fields = fieldsOf(query.value)
  const asked = JSON.stringify([fields, secretHeaders.value, secretToken.value])
  const mesh = opened.value
  const asking = useMemo(() => ({ asked, mesh }), [asked, mesh])
  useEffect(() => {
    let over = false
    const { method, url, as, headers } = fields
    const token = secretToken.value
    const lines = [...headers, ...secretHeaders.value].filter((line) => line.trim() !== '')
    ask('ask', 'now', { method, url, as, headers: lines, ...(token !== '' && { token }) }, nowSeconds())
      .then((told) => {
        if (over) return
        batch(() => {
          failed.value = ''
          answer.value = told
          answered.value = asking
        })
      })
      .catch((error: unknown) => {
        if (over) return
        failed.value = String((error as Error).message)
        answered.value = asking
      })
    return () => {
      over = true
    }
  }, [asking])

  const change = (next: Partial<AskFields>) => {
    const { headers } = next
    if (headers !== undefined) {
      secretHeaders.value = headers.filter(isSecretHeader)
      set({ header: headers.filter((line) => line.trim() !== '' && !isSecretHeader(line)) })
    }
    // As it stands now: a fast hand is ahead of what was drawn last.
    const { method, url, as } = { ...fieldsOf(query.value), ...next }
    set({ method, url, as, step: '', file: '', line: '' })
  }

  const last = useRef<Told | undefined>(undefined)
  const fresh = answer.value !== undefined && !('fault' in answer.value) ? answer.value : undefined
  if (fresh) last.current = fresh
  // Half-typed YAML: the last answer stays in sight, faded, until there is another.
  const shown = fresh ?? last.current
  const lang = language.value
  const told = useMemo(() => shown && inLanguage(shown, lang), [shown, lang])
  const chosen = Number(query.value.get('step') ?? Number.NaN)
  const deciding = told?.steps.findIndex(({ decides }) => decides) ?? -1
  const selected = told?.steps[chosen] === undefined ? deciding : chosen
  const step = told?.steps[selected]
  const at = placeShown(query.value, step?.at)
  const choose = (index: number) => set({ step: String(index), file: '', line: '' })
  const command = commandLine(
    'explain',
    fields.method,
    fields.url,
    '--as',
    fields.as,
    ...fields.headers.flatMap((line) => ['-H', line]),
    ...doorWords(),
  )
  const fault = answer.value !== undefined && 'fault' in answer.value ? answer.value : undefined
  // Typed and not read yet, or read and not answered yet.
  const busy = mesh?.inputs !== inputs.value || answered.value !== asking
  return (
    <div class="request" aria-busy={busy}>
      <div class="bar">
        <h1 class="view-title">{t('viewRequest')}</h1>
        <span class="grow" />
        {edits.value.size === 0 && (
          <a href={pictureOf(fields)} download="kfdoor.svg">
            {t('savePicture')}
          </a>
        )}
        <CopyCommand command={command} />
      </div>
      <AskForm fields={fields} change={change} />
      {failed.value !== '' && (
        <p class="note bad" role="alert">
          {t('failed', failed.value)}
        </p>
      )}
      {fault && (
        <div class="note bad" role="alert">
          <p>
            <code>{fault.number}</code> {shortened(fault.fault, 600)}
          </p>
          <ul>
            {(mesh?.problems ?? [])
              .filter(({ severity }) => severity === 'error')
              .slice(0, 8)
              .map((problem) => (
                <li key={`${problem.at.file}:${problem.at.line}:${problem.message}`}>
                  <PlaceLink at={problem.at} /> {shortened(problem.message, 300)}
                </li>
              ))}
          </ul>
        </div>
      )}
      <AccessStrip />
      {told && (
        <div class={fresh ? undefined : 'stale'} inert={fresh === undefined}>
          <VerdictPanel told={told} />
          <PathGraph told={told} selected={selected} choose={choose} />
        </div>
      )}
      <div class="halves">
        {told ? (
          <div class={fresh ? undefined : 'stale'} inert={fresh === undefined}>
            <StepsTable told={told} selected={selected} choose={choose} />
          </div>
        ) : (
          <div />
        )}
        <div>
          {step && (
            <p class="chosen">
              <strong>{phaseNames[step.phase] ?? step.phase}</strong> {shortened(step.words, 400)}{' '}
              {step.at === undefined && <span class="hint">{t('noPlace')}</span>}
            </p>
          )}
          <YamlPane
            file={at.file}
            line={at.line}
            told={told}
            choose={(file) => set({ file, line: '' })}
            pin={(file, edited) => {
              const line = edited || at.file !== file || at.line === undefined ? '' : String(at.line)
              const { value } = query
              if (value.get('file') !== file || (value.get('line') ?? '') !== line) set({ file, line })
            }}
          />
        </div>
      </div>
    </div>
  )
}

/** The same way as a picture of its own, of the YAML as it was read. */
function pictureOf({ method, url, as, headers }: AskFields): string {
  const parts = new URLSearchParams({ method, url, as })
  for (const line of headers) parts.append('header', line)
  return `/api/path.svg?${parts}`
}

/** What the address names, else where the chosen step stands, else the first file. */
function placeShown(
  parts: URLSearchParams,
  at: { readonly file: string; readonly line: number } | undefined,
): { readonly file: string; readonly line: number | undefined } {
  const file = parts.get('file')
  if (file !== null && inputs.value.some((one) => one.file === file)) {
    const line = Number(parts.get('line') ?? Number.NaN)
    return { file, line: Number.isInteger(line) ? line : undefined }
  }
  return at ?? { file: inputs.value[0]?.file ?? '', line: undefined }
}
