import type { AccessDiff, Difference } from '../../../regions/index.ts'
import { addressOf, go } from '../router.ts'
import { type TextKey, t } from '../texts/index.ts'
import { requestOf } from '../views/map.tsx'
import { shortened, VerdictWord } from './words.tsx'

/** Who gains and who loses, each with a request that shows it. */
export function AccessDiffPart({ access }: { readonly access: AccessDiff }) {
  return (
    <>
      <Differences name="public" hint="publicHint" list={access.public} tone="bad" />
      <Differences name="gained" hint="gainedHint" list={access.gained} tone="warn" />
      <Differences name="lost" hint="lostHint" list={access.lost} />
      <Differences name="changed" list={access.changed} />
      <Differences name="unreachable" list={access.unreachable} />
      <section class="diff" aria-labelledby="d-dead">
        <h2 id="d-dead">
          {t('deadRules')} <span class="number">{access.deadRules.length}</span>
        </h2>
        {access.deadRules.length > 0 && (
          <ul>
            {access.deadRules.slice(0, 50).map((rule) => (
              <li key={`${rule.policy} ${rule.rule}`}>
                <code>{shortened(rule.policy, 120)}</code> {rule.rule}: {shortened(rule.reason, 200)}{' '}
                <span class="hint">{shortened(rule.at, 120)}</span>
              </li>
            ))}
          </ul>
        )}
      </section>
      {access.unknown.length > 0 && (
        <section class="diff" aria-labelledby="d-unknown">
          <h2 id="d-unknown">
            {t('unknownChange')} <span class="number">{access.unknown.length}</span>
          </h2>
          <ul>
            {access.unknown.slice(0, 20).map((one, index) => (
              <li key={index}>
                <code>
                  {one.witness.method} {shortened(one.witness.url, 120)}
                </code>{' '}
                {'reason' in one ? shortened(one.reason, 200) : one.to.reason}
              </li>
            ))}
          </ul>
        </section>
      )}
    </>
  )
}

const mostShown = 200

function Differences({
  name,
  hint,
  list,
  tone = '',
}: {
  readonly name: 'gained' | 'lost' | 'public' | 'changed' | 'unreachable'
  readonly hint?: TextKey
  readonly list: readonly Difference[]
  readonly tone?: string
}) {
  const folded = foldAlike(list)
  return (
    <section class={`diff ${list.length > 0 ? tone : ''}`} aria-labelledby={`d-${name}`}>
      <h2 id={`d-${name}`}>
        {t(name)} <span class="number">{list.length === 0 ? t('none') : list.length}</span>
        {hint && <span class="hint">{t(hint)}</span>}
      </h2>
      {folded.length > 0 && (
        <div class="scrolls">
          <table>
            <thead>
              <tr>
                <th scope="col">{t('who')}</th>
                <th scope="col">{t('request')}</th>
                <th scope="col">{t('from')}</th>
                <th scope="col">{t('to')}</th>
              </tr>
            </thead>
            <tbody>
              {folded.slice(0, mostShown).map(({ one, principals }) => (
                <tr key={`${one.principal} ${one.witness.method} ${one.witness.url}`}>
                  <td title={principals.slice(0, 60).join('\n')}>
                    {shortened(one.principal, 80)}
                    {principals.length > 1 && (
                      <span class="count">{t('mapMore', principals.length - 1)}</span>
                    )}
                  </td>
                  <td>
                    <a
                      href={addressOf('request', requestOf(one.principal, one.witness))}
                      onClick={(event) => {
                        event.preventDefault()
                        go('request', requestOf(one.principal, one.witness))
                      }}
                    >
                      {one.witness.method} {shortened(one.witness.url, 140)}
                    </a>
                  </td>
                  <FateCell fate={one.from} />
                  <FateCell fate={one.to} />
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      {folded.length > mostShown && <p class="hint">{t('mapMore', folded.length - mostShown)}</p>}
    </section>
  )
}

function FateCell({ fate }: { readonly fate: Difference['from'] }) {
  const service = fate.upstream?.split('|')[3] ?? fate.upstream ?? ''
  return (
    <td>
      <VerdictWord verdict={fate.verdict} /> <code>{fate.reason}</code>
      {fate.verdict === 'allow' && service !== '' && <span class="object">{shortened(service, 100)}</span>}
    </td>
  )
}

/** Callers with the same request and the same fate are one line. */
function foldAlike(list: readonly Difference[]) {
  const folded = new Map<string, { readonly one: Difference; readonly principals: string[] }>()
  for (const one of list) {
    const { from, to, witness } = one
    const key = JSON.stringify([from, to, witness.method, witness.url])
    const known = folded.get(key)
    if (known === undefined) folded.set(key, { one, principals: [one.principal] })
    else known.principals.push(one.principal)
  }
  return [...folded.values()]
}
