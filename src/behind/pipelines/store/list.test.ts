/** Filters, sorting and paging, asked over HTTP as clients ask. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { type AServer, anExperiment, aRun, aServer, namespace } from '../a-server.ts'

let server: AServer
let experiment: string
/** Run names in order of creation, a second apart from 12:00. */
const names = ['alpha', 'Beta', 'gamma', 'delta', 'beta_2']

before(async () => {
  server = aServer()
  experiment = await anExperiment(server)
  for (const name of names) await aRun(server, experiment, name)
})
after(() => server.close())

async function list(query: Readonly<Record<string, string>>, api = 'v2beta1') {
  const scope: Record<string, string> =
    api === 'v2beta1'
      ? { experiment_id: experiment }
      : { 'resource_reference_key.type': 'EXPERIMENT', 'resource_reference_key.id': experiment }
  const search = new URLSearchParams({ ...scope, ...query })
  return server.ask('GET', `/apis/${api}/runs?${search}`)
}
const shown = (answer: Awaited<ReturnType<typeof list>>) =>
  (answer.body.runs ?? []).map(
    (run: { display_name?: string; name?: string }) => run.display_name ?? run.name,
  )

const filter = (...predicates: readonly object[]) => JSON.stringify({ predicates })

describe('filters', () => {
  const hour = '2026-11-24T12:00:00Z'
  const rows: readonly (readonly [about: string, predicates: readonly object[], want: readonly string[]])[] =
    [
      ['EQUALS by number', [{ operation: 1, key: 'display_name', stringValue: 'gamma' }], ['gamma']],
      ['EQUALS by name', [{ operation: 'EQUALS', key: 'display_name', string_value: 'gamma' }], ['gamma']],
      [
        'EQUALS, v1\u2019s name of the field',
        [{ operation: 'EQUALS', key: 'name', stringValue: 'alpha' }],
        ['alpha'],
      ],
      [
        'NOT_EQUALS',
        [{ operation: 2, key: 'name', stringValue: 'alpha' }],
        ['Beta', 'gamma', 'delta', 'beta_2'],
      ],
      [
        'GREATER_THAN a time',
        [{ operation: 3, key: 'created_at', timestampValue: '2027-01-01T00:00:00Z' }],
        [],
      ],
      ['GREATER_THAN_EQUALS a time', [{ operation: 5, key: 'created_at', timestampValue: hour }], names],
      ['LESS_THAN a number', [{ operation: 'LESS_THAN', key: 'finished_at', longValue: '1' }], names],
      ['LESS_THAN_EQUALS a number', [{ operation: 7, key: 'finished_at', intValue: 0 }], names],
      [
        'IN',
        [{ operation: 'IN', key: 'name', stringValues: { values: ['delta', 'alpha', 'x'] } }],
        ['alpha', 'delta'],
      ],
      ['IN nothing', [{ operation: 8, key: 'name', stringValues: { values: [] } }], []],
      ['IN numbers', [{ operation: 8, key: 'finished_at', longValues: { values: ['0', 5] } }], names],
      ['IS_SUBSTRING, of any case', [{ operation: 9, key: 'name', stringValue: 'bet' }], ['Beta', 'beta_2']],
      [
        'all of several',
        [
          { operation: 9, key: 'name', stringValue: 'a' },
          { operation: 2, key: 'name', stringValue: 'alpha' },
          { operation: 'IS_SUBSTRING', key: 'name', stringValue: 'm' },
        ],
        ['gamma'],
      ],
      ['a quote is a character', [{ operation: 1, key: 'name', stringValue: "x' OR '1'='1" }], []],
      ['a state', [{ operation: 1, key: 'state', stringValue: 'PENDING' }], names],
      ['where it is kept', [{ operation: 1, key: 'storage_state', stringValue: 'AVAILABLE' }], names],
      ['none', [], names],
    ]
  for (const [about, predicates, want] of rows) {
    test(`${about} → ${want.length} runs`, async () => {
      const answer = await list({ filter: filter(...predicates) })
      assert.equal(answer.status, 200, JSON.stringify(answer.body))
      assert.deepEqual(shown(answer), want)
      assert.equal(answer.body.total_size ?? 0, want.length)
    })
  }

  test('v1 writes `op`', async () => {
    const predicate = { op: 'EQUALS', key: 'name', string_value: 'gamma' }
    assert.deepEqual(shown(await list({ filter: filter(predicate) }, 'v1beta1')), ['gamma'])
  })

  test('a filter may be URL-encoded twice, as old clients do', async () => {
    const text = encodeURIComponent(filter({ operation: 1, key: 'name', stringValue: 'gamma' }))
    assert.deepEqual(shown(await list({ filter: text })), ['gamma'])
  })

  const refused: readonly (readonly [about: string, filter: string, text: string])[] = [
    ['not JSON', '{', 'failed to parse valid filter from "{"'],
    ['an unknown field', '{"predicate":[]}', 'unknown field "predicate"'],
    ['v1\u2019s `op` at v2', filter({ op: 1, key: 'name', stringValue: 'x' }), 'unknown field "op"'],
    ['no operation', filter({ key: 'name', stringValue: 'x' }), 'Error using Filter.Predicate.Operation'],
    ['no value', filter({ operation: 1, key: 'name' }), 'Error using Filter.Predicate.Value with <nil>'],
    ['two values', filter({ operation: 1, key: 'name', intValue: 1, stringValue: 'x' }), 'is already set'],
    [
      'no key',
      filter({ operation: 1, stringValue: 'x' }),
      'Predicate key cannot be empty for operation EQUALS and value x',
    ],
    [
      'a field no run has',
      filter({ operation: 1, key: 'colour', stringValue: 'x' }),
      'no support for filtering on unrecognized field "colour"',
    ],
    [
      'an inherited name',
      filter({ operation: 1, key: 'constructor', stringValue: 'x' }),
      'unrecognized field "constructor"',
    ],
    [
      'IN one',
      filter({ operation: 8, key: 'name', stringValue: 'x' }),
      'cannot use IN operator with scalar type string',
    ],
    [
      'EQUALS many',
      filter({ operation: 1, key: 'name', stringValues: { values: ['x'] } }),
      'cannot use scalar operator EQUALS on array type []string',
    ],
    [
      'a number within',
      filter({ operation: 9, key: 'finished_at', intValue: 1 }),
      'cannot use non string value type int32 with operator IS_SUBSTRING',
    ],
    [
      'an int32 too large',
      filter({ operation: 1, key: 'finished_at', intValue: 2 ** 31 }),
      'invalid value for int32',
    ],
  ]
  for (const [about, text, words] of refused) {
    test(`refused: ${about}`, async () => {
      const { status, body } = await list({ filter: text })
      assert.equal(status, 400)
      assert.equal(body.code, 3)
      assert.ok(body.message.includes(words), body.message)
      assert.match(body.message, /^Failed to create list options: (Invalid|UnknownApiVersionError)/)
    })
  }
})

describe('sorting', () => {
  const rows: readonly (readonly [sort: string, want: readonly string[]])[] = [
    ['', names],
    ['created_at desc', names.toReversed()],
    ['CREATED_AT   DESC', names.toReversed()],
    ['name asc', ['Beta', 'alpha', 'beta_2', 'delta', 'gamma']],
    ['display_name', ['Beta', 'alpha', 'beta_2', 'delta', 'gamma']],
  ]
  for (const [sort, want] of rows) {
    test(`"${sort}"`, async () => assert.deepEqual(shown(await list({ sort_by: sort })), want))
  }
  for (const [sort, words] of [
    ['name up', 'Received invalid sort by format "name up"'],
    ['name asc desc', 'Received invalid sort by format'],
    ['colour', 'Invalid sorting field: "colour" on listable type Run'],
    ['toString', 'Invalid sorting field: "tostring" on listable type Run'],
  ] as const) {
    test(`refused: "${sort}"`, async () => {
      const { status, body } = await list({ sort_by: sort })
      assert.equal(status, 400)
      assert.ok(body.message.includes(words), body.message)
    })
  }
})

describe('paging', () => {
  for (const [sort, size] of [
    ['', 2],
    ['name desc', 2],
    ['state', 1],
    ['created_at', 5],
    ['', 200],
  ] as const) {
    test(`every run once, sorted by "${sort}", ${size} at a time`, async () => {
      const whole = shown(await list({ sort_by: sort }))
      const seen: string[] = []
      let token = ''
      do {
        const page = await list({ sort_by: sort, page_size: String(size), page_token: token })
        assert.equal(page.body.total_size, names.length)
        seen.push(...shown(page))
        token = page.body.next_page_token ?? ''
      } while (token !== '' && seen.length <= names.length)
      assert.deepEqual(seen, whole)
    })
  }

  test('a token alone goes on with its sort and filter', async () => {
    const predicate = { operation: 9, key: 'name', stringValue: 'a' }
    const first = await list({ sort_by: 'name desc', page_size: '2', filter: filter(predicate) })
    assert.deepEqual(shown(first), ['gamma', 'delta'])
    const second = await list({ page_token: first.body.next_page_token, page_size: '2' })
    assert.deepEqual(shown(second), ['beta_2', 'alpha'])
  })

  test('runs that come while paging do not shift the pages', async () => {
    const first = await list({ page_size: '3', sort_by: 'created_at desc' })
    const late = await aRun(server, experiment, 'late')
    const second = await list({ page_size: '3', page_token: first.body.next_page_token })
    assert.deepEqual(shown(second), ['Beta', 'alpha'])
    await server.ask('DELETE', `/apis/v2beta1/runs/${late}`)
  })

  const forged = (token: object) => Buffer.from(JSON.stringify(token)).toString('base64')
  const good = { t: 'run_details', c: 'CreatedAtInSec', d: false, p: [], f: [0, ''] }
  const bad: readonly (readonly [about: string, token: string])[] = [
    ['not base64', '%%%'],
    ['not JSON', Buffer.from('nothing').toString('base64')],
    ['null', Buffer.from('null').toString('base64')],
    ['of another list', forged({ ...good, t: 'experiments' })],
    ['with SQL for a column', forged({ ...good, c: 'UUID; DROP TABLE run_details' })],
    ['with an unknown field', forged({ ...good, p: [{ key: 'x', operation: 'EQUALS', value: 'y' }] })],
    [
      'with SQL for an operation',
      forged({ ...good, p: [{ key: 'name', operation: '= 1 OR 1', value: 'y' }] }),
    ],
    ['with an object for a key', forged({ ...good, f: [{}, ''] })],
  ]
  for (const [about, token] of bad) {
    test(`a token is refused: ${about}`, async () => {
      const { status, body } = await list({ page_token: token })
      assert.equal(status, 400)
      assert.ok(body.message.includes('InvalidInputError: Invalid package token: '), body.message)
    })
  }

  for (const [about, change] of [
    ['sort', { sort_by: 'name' }],
    ['filter', { filter: filter({ operation: 1, key: 'name', stringValue: 'alpha' }) }],
  ] as const) {
    test(`a token is refused with another ${about}`, async () => {
      const first = await list({ page_size: '1', sort_by: 'created_at desc' })
      const { status, body } = await list({ page_token: first.body.next_page_token, ...change })
      assert.equal(status, 400)
      assert.ok(
        body.message.includes('page token does not match the supplied sort by and/or filtering'),
        body.message,
      )
    })
  }

  test('a token opens no other namespace', async () => {
    const first = await list({ page_size: '1' })
    const search = new URLSearchParams({ namespace: 'other', page_token: first.body.next_page_token })
    assert.equal((await server.ask('GET', `/apis/v2beta1/runs?${search}`)).status, 403)
  })

  for (const [size, status] of [
    ['-1', 400],
    ['x', 400],
    ['1e3', 400],
    ['0', 200],
    ['', 200],
    ['1000', 200],
  ] as const) {
    test(`page_size=${size} → ${status}`, async () => {
      assert.equal((await list({ page_size: size })).status, status)
    })
  }
})

test('lists stay within their namespace and experiment', async () => {
  const other = await anExperiment(server, 'other')
  await aRun(server, other, 'elsewhere')
  assert.equal((await list({})).body.total_size, names.length)
  const all = await server.ask('GET', `/apis/v2beta1/runs?namespace=${namespace}&page_size=1`)
  assert.equal(all.body.total_size, names.length + 1)
})
