import { createHash } from 'node:crypto'
import type { Finding, Severity } from '../../lint/index.ts'

const levels: Readonly<Record<Severity, string>> = { error: 'error', warning: 'warning', info: 'note' }

/** A rule as a report names it. */
export interface RuleText {
  readonly code: string
  readonly title: string
  readonly why: string
  readonly remedy: string
}

/** SARIF 2.1.0 (OASIS): one run, one result a finding, with the line of the YAML and a fingerprint that outlives moved lines. */
export function asSarif(findings: readonly Finding[], rules: readonly RuleText[], version: string): string {
  const used = rules.filter(({ code }) => findings.some((finding) => finding.code === code))
  const indexOf = new Map(used.map(({ code }, index) => [code, index]))
  const log = {
    $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
    version: '2.1.0',
    runs: [
      {
        tool: {
          driver: {
            name: 'kfdoor',
            version,
            rules: used.map(({ code, title, why, remedy }) => ({
              id: code,
              shortDescription: { text: title },
              fullDescription: { text: why },
              // SARIF wants an absolute helpUri, and this project has no host of its own: the page is named
              // within the repository, and what it says is told here.
              help: { text: remedy, markdown: `${why}\n\n**What to do.** ${remedy}\n\n\`${pageOf(code)}\`` },
              properties: { page: pageOf(code) },
            })),
          },
        },
        results: findings.map((finding) => ({
          ruleId: finding.code,
          ...(indexOf.has(finding.code) && { ruleIndex: indexOf.get(finding.code) }),
          level: levels[finding.severity],
          message: { text: finding.message },
          locations: locationsOf(finding.evidence.slice(0, 1)),
          ...(finding.evidence.length > 1 && { relatedLocations: locationsOf(finding.evidence.slice(1)) }),
          partialFingerprints: { 'kfdoor/v1': fingerprint(finding) },
        })),
      },
    ],
  }
  return JSON.stringify(log, null, 2)
}

const pageOf = (code: string) => `docs/findings.md#${code.toLowerCase()}`

function locationsOf(evidence: Finding['evidence']) {
  return evidence.map(({ at, text }) => ({
    physicalLocation: {
      artifactLocation: { uri: uriOf(at.file) },
      region: { startLine: at.line },
    },
    message: { text },
  }))
}

/** A relative reference (RFC 3986, 4.2): blanks and the like are escaped. */
function uriOf(file: string): string {
  return file.split('/').map(encodeURIComponent).join('/')
}

/** By what is wrong and where it was said, not by the line number. */
function fingerprint({ code, message, evidence }: Finding): string {
  const place = evidence.map(({ at, text }) => `${at.file} ${text}`).join('\n')
  return createHash('sha256').update(`${code}\n${message}\n${place}`).digest('hex').slice(0, 32)
}
