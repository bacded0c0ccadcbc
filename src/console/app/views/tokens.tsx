import { useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import type { CheckedToken, IssuerCheck } from '../../engine/tokens.ts'
import { commandLine, doorWords } from '../command.ts'
import { CopyCommand } from '../parts/copy.tsx'
import { PlaceLink } from '../parts/place.tsx'
import { VerdictPanel } from '../parts/verdict.tsx'
import { shortened } from '../parts/words.tsx'
import { query, set } from '../router.ts'
import { ask, nowSeconds, opened, secretToken } from '../state.ts'
import { inLanguage } from '../texts/engine-words.ts'
import { t } from '../texts/index.ts'

export function TokensView() {
  const found = useSignal<CheckedToken | undefined>(undefined)
  const failed = useSignal('')
  const text = secretToken.value
  const url = query.value.get('url') ?? opened.value?.addresses[0] ?? 'https://localhost/'
  const mesh = opened.value
  useEffect(() => {
    let over = false
    if (text === '') {
      found.value = undefined
      return
    }
    ask('token', text, url, nowSeconds())
      .then((checked) => {
        if (over) return
        failed.value = ''
        found.value = checked
      })
      .catch((error: unknown) => {
        if (!over) failed.value = String((error as Error).message)
      })
    return () => {
      over = true
    }
  }, [text, url, mesh])
  const checked = found.value
  return (
    <div class="tokens">
      <div class="bar">
        <h1 class="view-title">{t('tokensTitle')}</h1>
        <span class="grow" />
        <CopyCommand command={commandLine('token', 'inspect', '-', ...doorWords())} />
      </div>
      <form class="ask" onSubmit={(event) => event.preventDefault()} autocomplete="off">
        <label class="full">
          <span>{t('tokensPaste')}</span>
          <textarea
            rows={4}
            spellcheck={false}
            autocomplete="off"
            aria-describedby="tokens-hint"
            value={text}
            onInput={(event) => {
              secretToken.value = event.currentTarget.value.trim()
            }}
          />
          <small id="tokens-hint">{t('tokensHint')}</small>
        </label>
        <label class="wide">
          <span>{t('tokensUrl')}</span>
          <input
            type="text"
            inputMode="url"
            spellcheck={false}
            autocomplete="off"
            value={url}
            onInput={(event) => set({ url: event.currentTarget.value })}
          />
        </label>
      </form>
      {failed.value !== '' && (
        <p class="note bad" role="alert">
          {t('failed', failed.value)}
        </p>
      )}
      {text !== '' && checked === undefined && failed.value === '' && (
        <p class="note" role="status">
          {t('tokensNone')}
        </p>
      )}
      {checked && (
        <>
          <h2>{t('tokensWhy')}</h2>
          {checked.told ? (
            <VerdictPanel told={inLanguage(checked.told)} />
          ) : (
            <p class="note bad">{shortened(checked.fault ?? '', 400)}</p>
          )}
          <div class="halves">
            <FactsTable checked={checked} />
            <Claims checked={checked} />
          </div>
          <IssuersTable issuers={checked.issuers} />
        </>
      )}
    </div>
  )
}

function FactsTable({ checked: { facts } }: { readonly checked: CheckedToken }) {
  const time = (ms: number | undefined) =>
    ms === undefined ? '' : new Date(ms).toISOString().replace('.000Z', 'Z')
  const rows: readonly (readonly [string, string])[] = [
    [t('tokensIssuer'), facts.issuer ?? ''],
    [t('tokensSubject'), facts.subject ?? ''],
    [t('tokensAccount'), facts.serviceAccount ?? ''],
    [t('tokensEmail'), facts.email ?? ''],
    [t('tokensGroups'), (facts.groups ?? []).join(', ')],
    [t('tokensAudience'), facts.audiences.join(', ')],
    [t('tokensIssued'), time(facts.issuedAt)],
    [t('tokensExpires'), time(facts.expiresAt)],
    [t('tokensKey'), [facts.algorithm, facts.keyId].filter(Boolean).join(' · ')],
  ]
  return (
    <section aria-labelledby="facts">
      <h2 id="facts">{t('tokensSays')}</h2>
      <table>
        <tbody>
          {rows
            .filter(([, value]) => value !== '')
            .map(([name, value]) => (
              <tr key={name}>
                <th scope="row">{name}</th>
                <td>{shortened(value, 300)}</td>
              </tr>
            ))}
        </tbody>
      </table>
    </section>
  )
}

function Claims({ checked }: { readonly checked: CheckedToken }) {
  return (
    <section aria-labelledby="claims">
      <h2 id="claims">{t('tokensClaims')}</h2>
      <pre class="claims" tabIndex={0}>
        {shortened(checked.claims, 20_000)}
      </pre>
      <h3>{t('tokensHeader')}</h3>
      <pre class="claims" tabIndex={0}>
        {shortened(checked.header, 4000)}
      </pre>
    </section>
  )
}

function IssuersTable({ issuers }: { readonly issuers: readonly IssuerCheck[] }) {
  const word = (fits: boolean) => (
    <span class={fits ? 'good-words' : 'bad-words'}>{fits ? t('tokensFits') : t('tokensNot')}</span>
  )
  if (issuers.length === 0) return <p class="note">{t('tokensNoIssuers')}</p>
  return (
    <section aria-labelledby="issuers">
      <h2 id="issuers">{t('tokensIssuers')}</h2>
      <div class="scrolls">
        <table>
          <thead>
            <tr>
              <th scope="col">{t('tokensRule')}</th>
              <th scope="col">{t('tokensIssuer')}</th>
              <th scope="col">{t('tokensAudience')}</th>
              <th scope="col">{t('tokensTime')}</th>
              <th scope="col">{t('tokensSignature')}</th>
            </tr>
          </thead>
          <tbody>
            {issuers.map((one) => (
              <tr key={one.rule}>
                <th scope="row">
                  {shortened(one.rule, 160)} <PlaceLink at={one.at} />
                </th>
                <td>
                  {word(one.issuerFits)} <code>{shortened(one.issuer, 120)}</code>
                </td>
                <td>
                  {word(one.audienceFits)}{' '}
                  <code>
                    {one.audiences.length === 0 ? t('tokensAny') : shortened(one.audiences.join(', '), 160)}
                  </code>
                </td>
                <td>
                  <span class={one.inTime ? 'good-words' : 'bad-words'}>
                    {one.inTime ? t('tokensInTime') : t('tokensOutOfTime')}
                  </span>
                </td>
                <td>
                  {one.signature === undefined ? (
                    t('tokensNoKeys')
                  ) : (
                    <span class={one.signature ? 'good-words' : 'bad-words'}>
                      {one.signature ? t('tokensGood') : t('tokensBad')}
                    </span>
                  )}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  )
}
