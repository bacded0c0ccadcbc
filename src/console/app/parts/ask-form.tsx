import { opened, secretHeaders, secretToken } from '../state.ts'
import { t } from '../texts/index.ts'

const methods = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS']

export interface AskFields {
  readonly method: string
  readonly url: string
  readonly as: string
  readonly headers: readonly string[]
}

/** Who asks what: each change is a new question. */
export function AskForm({
  fields: { method, url, as, headers },
  change,
}: {
  readonly fields: AskFields
  readonly change: (fields: Partial<AskFields>) => void
}) {
  const principals = opened.value?.principals ?? []
  const addresses = opened.value?.addresses ?? []
  const forged = as.endsWith('+forged')
  const plain = as.replace(/\+forged$/, '')
  return (
    <form class="ask" aria-label={t('ask')} onSubmit={(event) => event.preventDefault()} autocomplete="off">
      <label>
        <span>{t('method')}</span>
        <select
          autocomplete="off"
          value={method}
          onChange={(event) => change({ method: event.currentTarget.value })}
        >
          {(methods.includes(method) ? methods : [method, ...methods]).map((one) => (
            <option key={one} value={one}>
              {one}
            </option>
          ))}
        </select>
      </label>
      <label class="wide">
        <span>{t('url')}</span>
        <input
          type="text"
          inputMode="url"
          spellcheck={false}
          autocomplete="off"
          list="addresses"
          value={url}
          onInput={(event) => change({ url: event.currentTarget.value })}
        />
      </label>
      <datalist id="addresses">
        {addresses.map((one) => (
          <option key={one} value={one} />
        ))}
      </datalist>
      <label class="who">
        <span>{t('who')}</span>
        <input
          type="text"
          spellcheck={false}
          autocomplete="off"
          list="principals"
          value={plain}
          title={t('whoHint')}
          onInput={(event) => change({ as: event.currentTarget.value + (forged ? '+forged' : '') })}
        />
      </label>
      <datalist id="principals">
        {principals
          .filter((one) => !one.endsWith('+forged'))
          .map((one) => (
            <option key={one} value={one} />
          ))}
      </datalist>
      <label class="check">
        <input
          type="checkbox"
          checked={forged}
          onChange={(event) => change({ as: plain + (event.currentTarget.checked ? '+forged' : '') })}
        />
        {t('forged')}
      </label>
      <details class="more" open={secretToken.value !== '' || headers.length > 0 || undefined}>
        <summary>{t('more')}</summary>
        <div class="pair">
          <label>
            <span>{t('token')}</span>
            <textarea
              rows={3}
              spellcheck={false}
              autocomplete="off"
              aria-describedby="token-hint"
              value={secretToken.value}
              onInput={(event) => {
                secretToken.value = event.currentTarget.value.trim()
              }}
            />
            <small id="token-hint">{t('tokenHint')}</small>
          </label>
          <label>
            <span>{t('headers')}</span>
            <textarea
              rows={3}
              spellcheck={false}
              autocomplete="off"
              placeholder={t('headersHint')}
              value={[...headers, ...secretHeaders.value].join('\n')}
              onChange={(event) => change({ headers: event.currentTarget.value.split('\n') })}
            />
            <small>
              <button
                type="button"
                class="quiet"
                onClick={() =>
                  change({
                    headers: [...headers, ...secretHeaders.value, 'kubeflow-userid: admin@example.com'],
                  })
                }
              >
                {t('forgeOne')}
              </button>
            </small>
          </label>
        </div>
      </details>
    </form>
  )
}
