import { useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import type { MeshInput } from '../../../mesh/index.ts'
import type { Change } from '../../engine/look.ts'
import { commandLine, doorWords } from '../command.ts'
import { AccessDiffPart } from '../parts/access-diff.tsx'
import { CopyCommand } from '../parts/copy.tsx'
import { FindingsTable } from '../parts/findings-table.tsx'
import { PlanPart } from '../parts/plan.tsx'
import { TextDiff } from '../parts/text-diff.tsx'
import { shortened } from '../parts/words.tsx'
import { query, set } from '../router.ts'
import { changeBetween, compared, edits, opened, start, stopComparing } from '../state.ts'
import { t } from '../texts/index.ts'

/** What can be compared here: the other mesh, one's own edits, plans. */
interface Choice {
  readonly key: string
  readonly words: string
}

export function ChangeView() {
  const given = start.value
  const choices: Choice[] = [
    ...(edits.value.size > 0 ? [{ key: 'edits', words: `${t('changeMesh')} → ${t('changeEdits')}` }] : []),
    ...(given?.before ? [{ key: 'mesh', words: `${given.before.name} → ${given.source.name}` }] : []),
    ...(given?.plans ?? []).map(({ metadata: { name } }) => ({
      key: `plan:${name}`,
      words: t('planTitle', name),
    })),
  ]
  const key = choices.find((one) => one.key === query.value.get('show'))?.key ?? choices[0]?.key
  const plan = given?.plans.find(({ metadata }) => key === `plan:${metadata.name}`)
  const [command] = [
    key === 'mesh'
      ? commandLine('diff', ...(given?.before?.words ?? []), given?.source.words.at(-1) ?? '')
      : undefined,
  ]
  return (
    <div class="change">
      <div class="bar">
        <h1 class="view-title">{t('changeTitle')}</h1>
        {choices.length > 0 && (
          <label class="choice">
            <span>{t('changeWhat')}</span>
            <select
              autocomplete="off"
              value={key}
              onChange={(event) => set({ show: event.currentTarget.value })}
            >
              {choices.map((one) => (
                <option key={one.key} value={one.key}>
                  {shortened(one.words, 120)}
                </option>
              ))}
            </select>
          </label>
        )}
        <span class="grow" />
        {command !== undefined && <CopyCommand command={command} />}
      </div>
      {key === undefined ? (
        <div class="note">
          <p>{t('changeNothing')}</p>
          <CopyCommand
            label={commandLine('console', ...doorWords(), '--against', 'profile:26.03')}
            command={commandLine('console', ...doorWords(), '--against', 'profile:26.03')}
          />
        </div>
      ) : plan ? (
        <PlanPart key={plan.metadata.name} plan={plan} />
      ) : (
        <Compared
          key={key}
          before={(key === 'edits' ? given?.source.inputs : given?.before?.inputs) ?? []}
          after={opened.value?.inputs ?? []}
          texts={key === 'edits'}
        />
      )}
    </div>
  )
}

function Compared({
  before,
  after,
  texts,
}: {
  readonly before: readonly MeshInput[]
  readonly after: readonly MeshInput[]
  /** Whether the files are the same ones, edited. */
  readonly texts: boolean
}) {
  const found = useSignal<Change | undefined>(undefined)
  const failed = useSignal('')
  const stopped = useSignal(false)
  useEffect(() => {
    if (stopped.value) return
    let over = false
    found.value = undefined
    changeBetween(before, after)
      .then((change) => {
        if (over || change === undefined) return
        failed.value = ''
        found.value = change
      })
      .catch((error: unknown) => {
        if (!over) failed.value = String((error as Error).message)
      })
    return () => {
      over = true
    }
  }, [before, after, stopped.value])
  const change = found.value
  if (failed.value !== '')
    return (
      <p class="note bad" role="alert">
        {t('failed', failed.value)}
      </p>
    )
  if (change === undefined)
    return (
      <div class="note bar" aria-busy={!stopped.value}>
        <p role="status" class="grow">
          {stopped.value ? t('compareStopped') : t('comparing')}
          {!stopped.value && compared.value > 0 && (
            <span aria-hidden="true"> {t('comparedSoFar', compared.value)}</span>
          )}
        </p>
        <button
          type="button"
          onClick={() => {
            stopped.value = !stopped.value
            if (stopped.value) stopComparing()
          }}
        >
          {stopped.value ? t('compareAgain') : t('compareStop')}
        </button>
      </div>
    )
  return (
    <>
      {texts &&
        [...edits.value].map(([file, text]) => (
          <section class="diff" key={file} aria-label={file}>
            <h2>{shortened(file, 160)}</h2>
            <TextDiff name={file} before={before.find((one) => one.file === file)?.text ?? ''} after={text} />
          </section>
        ))}
      <AccessDiffPart access={change.access} />
      <FindingsPart title={t('findingsNew')} findings={change.findings.new} />
      <FindingsPart title={t('findingsGone')} findings={change.findings.gone} />
    </>
  )
}

function FindingsPart({
  title,
  findings,
}: {
  readonly title: string
  readonly findings: Change['findings']['new']
}) {
  return (
    <section class="diff" aria-label={title}>
      <h2>
        {title} <span class="number">{findings.length === 0 ? t('none') : findings.length}</span>
      </h2>
      {findings.length > 0 && <FindingsTable findings={findings} />}
    </section>
  )
}
