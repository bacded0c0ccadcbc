import type { Finding } from '../../../lint/index.ts'
import { findingTitle } from '../texts/engine-words.ts'
import { t } from '../texts/index.ts'
import { PlaceLink } from './place.tsx'
import { shortened } from './words.tsx'

/** Findings, heaviest first; `write` puts a fix into the editor. */
export function FindingsTable({
  findings,
  write,
}: {
  readonly findings: readonly Finding[]
  readonly write?: (finding: Finding) => void
}) {
  return (
    <div class="scrolls">
      <table class="findings">
        <thead>
          <tr>
            <th scope="col">{t('severity')}</th>
            <th scope="col">{t('finding')}</th>
            <th scope="col">{t('evidence')}</th>
          </tr>
        </thead>
        <tbody>
          {findings.map((finding, index) => {
            const { code, severity, title, message, evidence, fix } = finding
            return (
              <tr key={`${code} ${index}`}>
                <td>
                  <span class={`severity s-${severity}`}>{t(severity)}</span>
                  <code>{code}</code>
                </td>
                <td>
                  <strong>{shortened(findingTitle(code, title), 200)}</strong>
                  <span class="message">{shortened(message, 800)}</span>
                  {fix && write && (
                    <button type="button" class="quiet" onClick={() => write(finding)}>
                      {t('fixWrite', shortened(fix.with, 60), shortened(fix.replace, 60))}
                    </button>
                  )}
                </td>
                <td>
                  {evidence.slice(0, 4).map(({ at, text }) => (
                    <span class="evidence" key={`${at.file}:${at.line}:${text}`}>
                      <PlaceLink at={at} /> <code>{shortened(text.split('\n')[0] ?? '', 60)}</code>
                    </span>
                  ))}
                </td>
              </tr>
            )
          })}
        </tbody>
      </table>
    </div>
  )
}
