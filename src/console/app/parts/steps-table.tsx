import { useSignal } from '@preact/signals'
import { phaseNames } from '../../draw/phase-names.ts'
import type { Told, ToldStep } from '../../engine/ask.ts'
import { t } from '../texts/index.ts'
import { PlaceLink } from './place.tsx'
import { outcomeText, shortened } from './words.tsx'

/** Steps that changed nothing and stand for the usual. */
const isQuiet = ({ outcome, reason }: ToldStep): boolean =>
  outcome === 'missed' || reason === 'envoy-filter-harmless'

/** What was looked at on the way, in order: the graph in words. */
export function StepsTable({
  told,
  selected,
  choose,
}: {
  readonly told: Told
  readonly selected: number | undefined
  readonly choose: (step: number) => void
}) {
  const every = useSignal(false)
  const shown = told.steps
    .map((step, index) => ({ step, index }))
    .filter(({ step, index }) => every.value || step.decides || index === selected || !isQuiet(step))
  let hop = -1
  return (
    <section class="steps" aria-labelledby="steps-title">
      <div class="bar">
        <h2 id="steps-title">{t('steps')}</h2>
        <label class="check">
          <input
            type="checkbox"
            checked={every.value}
            onChange={(event) => {
              every.value = event.currentTarget.checked
            }}
          />
          {t('everyStep')}
        </label>
      </div>
      <div class="scrolls">
        <table>
          <thead>
            <tr>
              <th scope="col">{t('phase')}</th>
              <th scope="col">{t('outcome')}</th>
              <th scope="col">{t('words')}</th>
              <th scope="col">{t('place')}</th>
            </tr>
          </thead>
          <tbody>
            {shown.map(({ step, index }) => {
              const heading = step.hop !== hop
              hop = step.hop
              return (
                <>
                  {heading && (
                    <tr key={`hop ${step.hop}`} class="hop">
                      <th colSpan={4} scope="rowgroup">
                        {step.hop}. {shortened(told.hops[step.hop] ?? '')}
                      </th>
                    </tr>
                  )}
                  <tr
                    key={index}
                    class={`${step.decides ? 'decides' : ''} ${index === selected ? 'selected' : ''}`}
                  >
                    <th scope="row">
                      <button
                        type="button"
                        class="row"
                        aria-pressed={index === selected}
                        onClick={() => choose(index)}
                      >
                        {phaseNames[step.phase] ?? step.phase}
                      </button>
                    </th>
                    <td>
                      <span class={`outcome o-${step.outcome}`}>
                        {step.decides ? `${t('decides')}: ` : ''}
                        {outcomeText(step.outcome)}
                      </span>
                    </td>
                    <td>
                      {shortened(step.words, 300)}
                      {step.object && (
                        <span class="object">
                          {shortened(
                            `${step.object.kind} ${[step.object.namespace, step.object.name].filter(Boolean).join('/')}`,
                            120,
                          )}
                          {step.rule && ` ${shortened(step.rule, 60)}`}
                        </span>
                      )}
                    </td>
                    <td>{step.at && <PlaceLink at={step.at} />}</td>
                  </tr>
                </>
              )
            })}
          </tbody>
        </table>
      </div>
    </section>
  )
}
