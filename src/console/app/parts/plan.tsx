import { useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import type { FindingLine, Plan, Change as PlanChange } from '../../../planner/index.ts'
import { ask, post, start } from '../state.ts'
import { t } from '../texts/index.ts'
import { AccessDiffPart } from './access-diff.tsx'
import { CopyCommand } from './copy.tsx'
import { TextDiff } from './text-diff.tsx'
import { shortened } from './words.tsx'

/** A plan as a reviewer reads it: what to know first, who gains and loses, then the objects. */
export function PlanPart({ plan }: { readonly plan: Plan }) {
  const { spec, metadata } = plan
  return (
    <>
      <p class="hint">
        {t('planCommand')} <code>{shortened(spec.command.join(' '), 300)}</code> · {metadata.createdAt}
      </p>
      {spec.risks.length > 0 && (
        <section class="diff bad" aria-labelledby="p-risks">
          <h2 id="p-risks">{t('planRisks')}</h2>
          <ul>
            {spec.risks.map((risk) => (
              <li key={risk}>{shortened(risk, 600)}</li>
            ))}
          </ul>
        </section>
      )}
      <AccessDiffPart access={spec.access} />
      <Lines title={t('findingsNew')} lines={spec.findings.new} />
      <Lines title={t('findingsGone')} lines={spec.findings.gone} />
      <section class="diff" aria-labelledby="p-objects">
        <h2 id="p-objects">
          {t('planObjects')} <span class="number">{spec.changes.length}</span>
        </h2>
        {spec.changes.map((change) => (
          <ObjectDiff key={nameOf(change)} change={change} />
        ))}
      </section>
      {spec.callers.map(({ title, text }) => (
        <section class="diff" key={title} aria-label={title}>
          <h2>{shortened(title, 200)}</h2>
          <pre class="text-diff" tabIndex={0}>
            {shortened(text, 20_000)}
          </pre>
        </section>
      ))}
      <ApplyPart plan={plan} />
    </>
  )
}

const nameOf = ({ object: { kind, namespace, name } }: PlanChange): string =>
  `${kind} ${namespace === undefined ? '' : `${namespace}/`}${name}`

function ObjectDiff({ change }: { readonly change: PlanChange }) {
  const { op, effect, why } = change
  const texts = useSignal<readonly [before: string, after: string] | undefined>(undefined)
  useEffect(() => {
    const before = 'before' in change ? change.before : undefined
    const after = 'after' in change ? change.after : undefined
    void ask('yaml', [before, after]).then(([one = '', other = '']) => {
      texts.value = [one, other]
    })
  }, [change])
  return (
    <details class="object-diff" open>
      <summary>
        <strong>{t(op)}</strong> {shortened(nameOf(change), 160)}{' '}
        <span class={`effect e-${effect}`}>{t(effect)}</span>
      </summary>
      <p>{shortened(why, 400)}</p>
      {texts.value && <TextDiff name={nameOf(change)} before={texts.value[0]} after={texts.value[1]} />}
    </details>
  )
}

function Lines({ title, lines }: { readonly title: string; readonly lines: readonly FindingLine[] }) {
  return (
    <section class="diff" aria-label={title}>
      <h2>
        {title} <span class="number">{lines.length === 0 ? t('none') : lines.length}</span>
      </h2>
      {lines.length > 0 && (
        <ul>
          {lines.map(({ code, severity, object, message }) => (
            <li key={`${code} ${object} ${message}`}>
              <code>{code}</code> {severity} <strong>{shortened(object, 120)}</strong>{' '}
              {shortened(message, 400)}
            </li>
          ))}
        </ul>
      )}
    </section>
  )
}

function ApplyPart({ plan }: { readonly plan: Plan }) {
  const asking = useSignal(false)
  const said = useSignal('')
  const { name } = plan.metadata
  const { source } = plan.spec
  const where =
    source.kind === 'cluster'
      ? source.server
      : source.kind === 'files'
        ? source.paths.join(', ')
        : source.name
  const apply = async () => {
    asking.value = false
    said.value = t('working')
    try {
      const answer = await post('/api/apply', { plan: name })
      const text = await answer.text()
      said.value = answer.ok ? t('planApplied') : t('failed', shortened(text, 400))
    } catch (error) {
      said.value = t('failed', String((error as Error).message))
    }
  }
  return (
    <section class="apply" aria-label={t('planApply')}>
      {start.value?.allowApply ? (
        asking.value ? (
          <p>
            {t('planApplySure', name, where)}{' '}
            <button type="button" class="danger" onClick={apply}>
              {t('yes')}
            </button>{' '}
            <button
              type="button"
              onClick={() => {
                asking.value = false
              }}
            >
              {t('no')}
            </button>
          </p>
        ) : (
          <button
            type="button"
            class="danger"
            onClick={() => {
              asking.value = true
            }}
          >
            {t('planApply')}
          </button>
        )
      ) : (
        <p class="hint">
          {t('planApplyHint')} <CopyCommand command={`kfdoor apply ${name}`} />
        </p>
      )}
      <p role="status">{said.value}</p>
    </section>
  )
}
