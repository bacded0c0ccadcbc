/** Who is let in, and the exact words for who is not, by release. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type AServer, aServer, namespace, user } from './a-server.ts'
import type { AccessQuestion, PipelinesOptions } from './options.ts'

const list = `/apis/v2beta1/experiments?namespace=${namespace}`
const wrapped = 'List experiments failed: Failed to authorize with API: Failed to authorize with API: '
const empty = 'Unauthenticated: Failed to check authorization. User identity is empty in the request header: '
const nobody =
  'Unauthenticated: Request header error: there is no user identity header.: Request header error: there is no user identity header.'
const attributes = (name: string, selectors = ',FieldSelector:nil,LabelSelector:nil') =>
  `&ResourceAttributes{Namespace:${namespace},Verb:list,Group:pipelines.kubeflow.org,Version:v1beta1,Resource:experiments,Subresource:,Name:${name}${selectors},}`

async function asking(options: Partial<PipelinesOptions>, work: (server: AServer) => Promise<void>) {
  const server = aServer(options)
  try {
    await work(server)
  } finally {
    server.close()
  }
}

test('nobody at 26.03: 401, code 16, with the text in WWW-Authenticate', () =>
  asking({}, async ({ ask }) => {
    const answer = await ask('GET', list, undefined, {})
    assert.equal(answer.status, 401)
    assert.deepEqual(answer.body, {
      code: 16,
      message: `${wrapped}${empty}${nobody}`,
      details: [
        {
          '@type': 'type.googleapis.com/google.rpc.Status',
          code: 16,
          message: 'Failed to check authorization. User identity is empty in the request header',
        },
      ],
    })
    assert.equal(answer.headers.get('www-authenticate'), answer.body.message)
  }))

for (const release of ['2.3.0', '2.0.5'] as const) {
  test(`nobody at ${release}: 401, and the text also as \`error\``, () =>
    asking({ release }, async ({ ask }) => {
      const { status, body } = await ask('GET', list, undefined, {})
      assert.equal(status, 401)
      assert.deepEqual(Object.keys(body), ['error', 'code', 'message', 'details'])
      assert.equal(body.error, `${wrapped}${empty}${nobody}`)
      assert.equal(body.code, 16)
    }))
}

test('nobody at 2.0.0-alpha.5: 500, code 13, the cause first as Go prints it', () =>
  asking({ release: '2.0.0-alpha.5' }, async ({ ask }) => {
    const path = `/apis/v1beta1/experiments?resource_reference_key.type=NAMESPACE&resource_reference_key.id=${namespace}`
    const { status, body } = await ask('GET', path, undefined, {})
    assert.equal(status, 500)
    assert.equal(body.code, 13)
    const api = 'Failed to authorize with API resource references'
    assert.equal(body.error, `Internal error: ${nobody}\n${api}\n${api}`)
    assert.equal(body.details[0]['@type'], 'type.googleapis.com/api.Error')
  }))

const reviews: readonly (readonly [
  why: string,
  review: Awaited<ReturnType<PipelinesOptions['tokenReview']>> | Error,
  text: string,
])[] = [
  [
    'the review fails',
    new Error('connection refused'),
    'Authentication failure: Unauthenticated: Request header error: Failed to review the token provided: connection refused',
  ],
  [
    'the token is no good',
    { authenticated: false, error: '[invalid bearer token, token has expired]' },
    'Authentication failure: Unauthenticated: Review.Status.Authenticated is false. Error [invalid bearer token, token has expired]: Failed to authenticate token review',
  ],
  [
    'the token is for somebody else',
    { authenticated: true, username: user, audiences: ['a', 'b'] },
    "Authentication failure: Unauthenticated: Failed to find all of '[pipelines.kubeflow.org]' in audience: [a b]: Failed to authenticate token review",
  ],
]
for (const [why, review, text] of reviews) {
  test(`a Bearer token is refused: ${why}`, () =>
    asking(
      { tokenReview: async () => (review instanceof Error ? Promise.reject(review) : review) },
      async ({ ask }) => {
        const { status, body } = await ask('GET', list, undefined, { authorization: 'Bearer t' })
        assert.equal(status, 401)
        assert.equal(body.message, `${wrapped}${empty}[${nobody}, ${text}]`)
      },
    ))
}

const headers: readonly (readonly [why: string, headers: Record<string, string>, text: string])[] = [
  [
    'a Basic header is none',
    { authorization: 'Basic eA==' },
    "BadRequestError: Header 'Authorization' is incorrectly formatted. Expected prefix 'Bearer ': Header 'Authorization' is incorrectly formatted. Expected prefix 'Bearer '",
  ],
  [
    'a user named twice',
    { 'kubeflow-userid': `${user}, admin@example.com` },
    "BadRequestError: Request header error: unexpected number of 'kubeflow-userid' headers. Expect 1 got 2: Request header error: unexpected number of 'kubeflow-userid' headers. Expect 1 got 2",
  ],
]
for (const [why, sent, text] of headers) {
  test(`no identity: ${why}`, () =>
    asking({}, async ({ ask }) => {
      const { status, body } = await ask('GET', list, undefined, sent)
      assert.equal(status, 401)
      assert.ok(body.message.includes(text), body.message)
    }))
}

test('the header goes before the token, which is then not looked at', () =>
  asking({ tokenReview: () => assert.fail('asked') }, async ({ ask }) => {
    const sent = { 'kubeflow-userid': user, authorization: 'Bearer t' }
    assert.equal((await ask('GET', list, undefined, sent)).status, 200)
  }))

test('the token is asked about with the audience of Pipelines, and its user decides', () => {
  const asked: unknown[] = []
  return asking(
    {
      tokenReview: async (token, audiences) => {
        asked.push([token, audiences])
        return { authenticated: true, username: user, audiences: [...audiences] }
      },
    },
    async ({ ask }) => {
      assert.equal((await ask('GET', list, undefined, { authorization: 'Bearer t' })).status, 200)
      assert.deepEqual(asked, [['t', ['pipelines.kubeflow.org']]])
    },
  )
})

test('a prefix is required of the header and cut off', () =>
  asking({ userIdHeader: 'x-user', userIdPrefix: 'accounts:' }, async ({ ask }) => {
    assert.equal((await ask('GET', list, undefined, { 'x-user': `accounts:${user}` })).status, 200)
    assert.equal((await ask('GET', list, undefined, { 'x-user': user })).status, 401)
  }))

test('denied: 403, code 7, naming the user, the reason and the whole question', () =>
  asking({ accessReview: async () => ({ allowed: false, reason: 'not today' }) }, async ({ ask }) => {
    const { status, body } = await ask('GET', list)
    assert.equal(status, 403)
    assert.equal(body.code, 7)
    assert.equal(
      body.message,
      `${wrapped}PermissionDenied: User '${user}' is not authorized with reason: not today (request: ${attributes('')}): Unauthorized access`,
    )
  }))

test('denied at 2.0.5: the question is printed without selectors', () =>
  asking({ release: '2.0.5', accessReview: async () => ({ allowed: false }) }, async ({ ask }) => {
    const { body } = await ask('GET', list)
    assert.ok(body.message.includes(`(request: ${attributes('', '')})`), body.message)
  }))

for (const [name, status, text] of [
  ['Error', 500, 'InternalServerError: '],
  ['TimeoutError', 503, 'ServiceUnavailable: '],
] as const) {
  test(`the access review cannot be made (${name}): closed, ${status}`, () =>
    asking(
      {
        accessReview: async () => {
          throw Object.assign(new Error('no route to host'), { name })
        },
      },
      async ({ ask }) => {
        const answer = await ask('GET', list)
        assert.equal(answer.status, status)
        assert.ok(
          answer.body.message.includes(`${text}Failed to create SubjectAccessReview for user '${user}'`),
          answer.body.message,
        )
      },
    ))
}

test('healthz asks nobody who they are', () =>
  asking({}, async ({ ask }) => {
    for (const path of ['/apis/v1beta1/healthz', '/apis/v2beta1/healthz', '/pipeline/apis/v2beta1/healthz']) {
      const { status, body } = await ask('GET', path, undefined, {})
      assert.equal(status, 200)
      assert.equal(body.multi_user, true)
      assert.equal(body.tag_name, '2.16.0')
    }
  }))

test('shared pipelines need no identity, namespaced ones do', () =>
  asking({}, async ({ ask }) => {
    assert.equal((await ask('GET', '/apis/v2beta1/pipelines', undefined, {})).status, 200)
    const { status } = await ask('GET', `/apis/v2beta1/pipelines?namespace=${namespace}`, undefined, {})
    assert.equal(status, 401)
  }))

const emptyNamespace: readonly (readonly [path: string, text: string])[] = [
  ['/apis/v2beta1/experiments', 'An experiment cannot have an empty namespace in multi-user mode'],
  ['/apis/v2beta1/runs', 'A run cannot have an empty namespace in multi-user mode'],
  ['/apis/v2beta1/recurringruns', 'a recurring run cannot have an empty namespace in multi-user mode'],
]
for (const [path, text] of emptyNamespace) {
  test(`${path} without a namespace: 400, code 3`, () =>
    asking({}, async ({ ask }) => {
      const { status, body } = await ask('GET', path)
      assert.equal(status, 400)
      assert.equal(body.code, 3)
      assert.ok(body.message.endsWith(`Invalid input error: ${text}`), body.message)
    }))
}

const old: readonly (readonly [multiUser: boolean, query: string, text: string])[] = [
  [true, 'experiments', 'ListExperiment requires filtering by namespace.'],
  [true, 'experiments?resource_reference_key.type=NAMESPACE', 'Namespace is empty.'],
  [true, 'runs', 'ListRuns must filter by resource reference in multi-user mode.'],
  [
    true,
    'runs?resource_reference_key.type=NAMESPACE',
    'Invalid resource references for ListRuns. Namespace is empty.',
  ],
  [
    true,
    'jobs?resource_reference_key.type=EXPERIMENT',
    'Invalid resource references for job. Experiment ID is empty.',
  ],
  [
    false,
    'experiments?resource_reference_key.type=NAMESPACE&resource_reference_key.id=ns',
    'In single-user mode, ListExperiment cannot filter by namespace.',
  ],
]
for (const [multiUser, query, text] of old) {
  test(`2.0.0-alpha.5, ${multiUser ? 'multi' : 'single'}-user, ${query}: ${text}`, () =>
    asking({ release: '2.0.0-alpha.5', multiUser }, async ({ ask }) => {
      const { status, body } = await ask('GET', `/apis/v1beta1/${query}`)
      assert.equal(status, 400)
      assert.ok(body.error.includes(text), body.error)
    }))
}

test('single-user mode: no identity, and a namespace that is asked for does not count', () =>
  asking({ multiUser: false, accessReview: () => assert.fail('asked') }, async ({ ask }) => {
    const made = await ask('POST', '/apis/v2beta1/experiments', { display_name: 'e', namespace }, {})
    assert.equal(made.status, 200)
    assert.equal(made.body.namespace, undefined)
    const { body } = await ask('GET', '/apis/v2beta1/experiments?namespace=other', undefined, {})
    assert.equal(body.total_size, 1)
  }))

test('MULTIUSER_SHARED_READ: everybody reads, nobody unknown writes', () =>
  asking({ sharedRead: true }, async ({ ask }) => {
    assert.equal((await ask('GET', list, undefined, {})).status, 200)
    const made = await ask('POST', '/apis/v2beta1/experiments', { display_name: 'e', namespace }, {})
    assert.equal(made.status, 401)
  }))

test('every action asks for its verb on its resource, in the namespace of the stored object', () => {
  const asked: AccessQuestion[] = []
  return asking(
    {
      accessReview: async (question) => {
        asked.push(question)
        return { allowed: true }
      },
    },
    async ({ ask }) => {
      const made = await ask('POST', '/apis/v2beta1/experiments', { display_name: 'e', namespace })
      const path = `/apis/v2beta1/experiments/${made.body.experiment_id}`
      for (const verb of ['archive', 'unarchive']) await ask('POST', `${path}:${verb}`)
      await ask('GET', path)
      await ask('DELETE', path)
      const wanted = ['create', 'archive', 'unarchive', 'get', 'delete']
      assert.deepEqual(
        asked,
        wanted.map((verb) => ({ user, namespace, verb, resource: 'experiments', name: 'e' })),
      )
    },
  )
})
