import type { Told } from '../../engine/ask.ts'
import { t } from '../texts/index.ts'
import { PlaceLink } from './place.tsx'
import { shortened, VerdictWord, verdictText, verdictWords } from './words.tsx'

/** What came of the request, in one look. */
export function VerdictPanel({ told }: { readonly told: Told }) {
  const deciding = told.steps.find(({ decides }) => decides)
  const object = deciding?.object
  return (
    <section class={`answer a-${told.verdict}`} aria-label={t('verdict')}>
      <p class="headline" role="status">
        <VerdictWord verdict={told.verdict} />
        <span class="says">{verdictWords(told.verdict)}</span>
        <span class="outcome-words">{shortened(told.outcome, 400)}</span>
      </p>
      <dl>
        <div>
          <dt>{t('decidedBy')}</dt>
          <dd>
            {object && (
              <span>
                {shortened(
                  `${object.kind} ${[object.namespace, object.name].filter(Boolean).join('/')}`,
                  160,
                )}
                {deciding?.rule && ` ${shortened(deciding.rule, 80)}`}{' '}
              </span>
            )}
            {deciding?.at && <PlaceLink at={deciding.at} />} <code>{told.reason}</code>
            {deciding && <span class="reason-words">{shortened(deciding.words, 300)}</span>}
          </dd>
        </div>
        {told.identity !== '' && (
          <div>
            <dt>{t('identity')}</dt>
            <dd>
              <code>{shortened(told.identity, 300)}</code>
            </dd>
          </div>
        )}
        {told.signedIn && (
          <div>
            <dt>{t('signedIn')}</dt>
            <dd>
              {t(
                'onceAs',
                verdictText(told.signedIn.verdict),
                told.signedIn.as,
                shortened(told.signedIn.outcome, 300),
              )}
            </dd>
          </div>
        )}
        {told.around.map((words) => (
          <div key={words} class="warn">
            <dt>{t('aroundIt')}</dt>
            <dd>{shortened(words, 300)}</dd>
          </div>
        ))}
      </dl>
    </section>
  )
}
