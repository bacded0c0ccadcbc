/**
 * Disagreements as example tests: `kfdoor test FILE -f mesh/` fails on them until engine or YAML says
 * what the door does. What was predicted and seen stands beside each as a comment.
 */
import { Document, type YAMLMap, type YAMLSeq } from 'yaml'
import { callerName } from '../../regions/index.ts'
import type { Asked } from './ask-witnesses.ts'

export function asFixture(disagreements: readonly Asked[], url: string): string {
  const document = new Document({
    apiVersion: 'kfdoor/v1alpha1',
    kind: 'Tests',
    tests: disagreements.map((each, index) => testOf(each, index)),
  })
  document.commentBefore = ` What ${url} answered otherwise than its YAML says, as \`kfdoor verify\` saw it.`
  const tests = document.get('tests') as YAMLSeq<YAMLMap>
  for (const [index, node] of tests.items.entries()) {
    const { asked, saw } = disagreements[index] as Asked
    const { verdict, reason, by } = asked.prediction
    const why = by === undefined ? '' : `, by ${by}`
    node.commentBefore = ` predicted ${verdict} (${reason})${why}; saw ${saw}`.replace(/[\r\n]+/g, ' ')
  }
  return document.toString({ lineWidth: 0 })
}

function testOf({ asked, status: seen, location, through }: Asked, index: number): object {
  const { principal, witness } = asked
  const { method, url, headers } = witness
  // The status of a workload is its own; that it was reached is the door's.
  const status = through === true ? undefined : seen
  const verdict = through === true ? 'allow' : seen === undefined ? 'unavailable' : undefined
  // An authorization request carries a state that is new each time.
  const where = location !== undefined && !location.includes('?') ? { headers: { location } } : {}
  return {
    name: `${index + 1}: ${method} ${url} as ${callerName(principal)}`,
    request: {
      method,
      url,
      ...(headers.length > 0 && { headers: Object.fromEntries(headers.map(redacted)) }),
    },
    as: callerName(principal),
    expect: { ...(verdict !== undefined && { verdict }), ...(status !== undefined && { status }), ...where },
  }
}

/** A witness never holds a credential; a rule may name one all the same. */
function redacted([name, value]: readonly [string, string]): readonly [string, string] {
  return /^(authorization|proxy-authorization|cookie|x-api-key)$/i.test(name)
    ? [name, value.replace(/^(\w+ )?.*$/s, '$1redacted')]
    : [name, value]
}
