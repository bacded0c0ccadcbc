import { structuredPatch } from 'diff'

/** Two texts as one, with what goes and what comes; each line says which by its sign. */
export function TextDiff({
  before,
  after,
  name,
}: {
  readonly before: string
  readonly after: string
  readonly name: string
}) {
  const { hunks } = structuredPatch('', '', before, after, '', '', { context: 3 })
  return (
    <pre class="text-diff" role="group" tabIndex={0} aria-label={name}>
      {hunks.map((hunk) => (
        <code key={`${hunk.oldStart} ${hunk.newStart}`}>
          <span class="at">{`@@ ${hunk.oldStart} → ${hunk.newStart} @@\n`}</span>
          {hunk.lines.map((line, index) => (
            <span
              key={index}
              class={line.startsWith('+') ? 'plus' : line.startsWith('-') ? 'minus' : ''}
            >{`${line}\n`}</span>
          ))}
        </code>
      ))}
    </pre>
  )
}
