/** What a door that runs here decided, newest first. */
import { shortened, VerdictWord } from '../../parts/words.tsx'
import { t } from '../../texts/index.ts'

export interface Decision {
  readonly id: string
  readonly at: number
  readonly method: string
  readonly host: string
  readonly path: string
  readonly status: number
  readonly verdict: string
  readonly reason: string
  readonly upstream?: string
  readonly durationMs: number
}

export function DecisionsTable({ decisions }: { readonly decisions: readonly Decision[] }) {
  return (
    <div class="scrolls decisions" tabIndex={0} role="log" aria-label={t('liveDecisions')}>
      <table>
        <thead>
          <tr>
            <th scope="col">{t('liveTime')}</th>
            <th scope="col">{t('request')}</th>
            <th scope="col">{t('verdict')}</th>
            <th scope="col">{t('code')}</th>
            <th scope="col">{t('to')}</th>
          </tr>
        </thead>
        <tbody>
          {decisions.map((one) => (
            <tr key={one.id}>
              <td class="time">{new Date(one.at).toISOString().slice(11, 23)}</td>
              <td>
                <code>
                  {one.method} {shortened(one.host + one.path, 140)}
                </code>
              </td>
              <td>
                <VerdictWord verdict={one.verdict} /> {one.status}
              </td>
              <td>
                <code>{one.reason}</code>
              </td>
              <td>{shortened(one.upstream?.split('|')[3] ?? one.upstream ?? '', 100)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}
