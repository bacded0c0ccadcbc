import { execFile } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { BrowserLike, signIn } from '../../e2e/browser-like.ts'
import { run, startDoor } from '../../e2e/door.ts'
import {
  customPolicyByPath,
  gatewayWithOwnSecret,
  localGatewayOnIngress,
  modelAtAPath,
  modelWithoutPolicy,
  noEnvoyFilter,
  noMachineTokens,
} from './overlays.ts'
import { brief, doorOf, expect, type Stage, type Step, type Walk } from './step.ts'

const namespace = 'kubeflow-user-example-com'
const user = { login: 'user@example.com', password: '12341234' }
const flowers = { instances: [[6.8, 2.8, 4.8, 1.4], [6.0, 3.4, 4.5, 1.6]] } // biome-ignore format: one row a flower
const flowersV2 = {
  inputs: [{ name: 'input-0', shape: [2, 4], datatype: 'FP32', data: flowers.instances }],
}
const asJson = { 'content-type': 'application/json' }
const list = '/pipeline/apis/v2beta1/experiments?namespace=kubeflow-user-example-com'

const aBrowser = (walk: Walk) => new BrowserLike(caOf(walk))
const at = (walk: Walk, path: string) => doorOf(walk).ready.url + path

/** `kfdoor …`, which must end well. */
async function kfdoor(walk: Walk, ...args: string[]): Promise<string> {
  const { code, out, err } = await run(args, { env: walk.door?.env ?? process.env })
  if (code !== 0) throw new Error(`kfdoor ${args.join(' ')} ended with ${code}: ${err}`)
  return out.trim()
}

async function sessionCookie(walk: Walk): Promise<string> {
  const known = walk.keep.get('cookie')
  if (known) return known
  const cookie = await kfdoor(walk, 'token', '--user', user.login, '-o', 'cookie')
  walk.keep.set('cookie', cookie)
  return cookie
}

const token = (walk: Walk, account: string, audience: string) =>
  kfdoor(walk, 'token', '--service-account', account, '--audience', audience, '--duration', '1h')

function overlay(walk: Walk, name: string, ...texts: string[]): string {
  const folder = join(walk.folder, name)
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'overlay.yaml'), texts.join('---\n'))
  return folder
}

const names = ['--name', 'kubeflow.example.com', '--name', 'localhost']

const tls: Stage = {
  number: 1,
  title: 'an own CA, TLS at the gateway, and the kfp SDK through it',
  // The door needs the Secret that the first steps make.
  door: async () => undefined,
  steps: [
    {
      says: 'An own root CA; the report made one with five openssl lines.',
      types: `kfdoor ca init --dir my-ca ${names.join(' ')}`,
      does: async (walk) => kfdoor(walk, 'ca', 'init', '--dir', ownCa(walk), ...names),
    },
    {
      says: 'A key and a signing request for the gateway, then the certificate.',
      types: `kfdoor ca csr --dir my-ca ${names.join(' ')} && kfdoor ca sign --dir my-ca kubeflow.example.com.csr`,
      does: async (walk) => {
        await kfdoor(walk, 'ca', 'csr', '--dir', ownCa(walk), ...names)
        return kfdoor(walk, 'ca', 'sign', '--dir', ownCa(walk), join(ownCa(walk), 'kubeflow.example.com.csr'))
      },
    },
    {
      says: 'The Secret that the Gateway names by credentialName.',
      types: 'kfdoor ca secret --dir my-ca kubeflow.example.com --secret-name leeway-certs -n istio-system',
      does: async (walk) => {
        const yaml = await kfdoor(
          walk,
          ...['ca', 'secret', '--dir', ownCa(walk), 'kubeflow.example.com'],
          ...['--secret-name', 'leeway-certs', '-n', 'istio-system'],
        )
        expect(/kind: Secret/.test(yaml) && /ca\.crt: /.test(yaml), true, 'a Secret with ca.crt')
        walk.keep.set('secret', yaml)
        return yaml.replace(/^(\s+(?:tls|ca)\.\w+: \w{8}).*$/gm, '$1…')
      },
    },
    {
      says: 'The Gateway on 443 with that Secret, and a redirect on 80; then a door that runs so.',
      types: 'kfdoor up -f profile:v1.6 -f my-tls/',
      does: async (walk) => {
        const secret = walk.keep.get('secret') as string
        walk.door = await startDoor([
          '-f',
          'profile:v1.6',
          '-f',
          overlay(walk, 'my-tls', gatewayWithOwnSecret, `${secret}\n`),
        ])
        walk.keep.set('ca', join(ownCa(walk), 'ca.crt'))
        return `open at ${walk.door.ready.url}`
      },
    },
    {
      says: 'Without the CA, curl does not trust the door.',
      types: 'curl $URL/',
      does: async (walk) => {
        const seen = await curl(at(walk, '/'))
        expect(/unable to get local issuer certificate/.test(seen), true, seen)
        return seen
      },
    },
    {
      says: 'With it, curl meets the sign-in.',
      types: 'curl --cacert my-ca/ca.crt -i $URL/',
      does: async (walk) => {
        const seen = await curl('--cacert', join(ownCa(walk), 'ca.crt'), '-i', at(walk, '/'))
        expect(/^HTTP\/[\d.]+ 302/.test(seen), true, seen)
        return (seen.split('\n')[0] as string).trim()
      },
    },
    {
      says: 'Port 80 sends everybody to HTTPS.',
      types: 'curl -i $HTTP_URL/pipeline/',
      does: async (walk) => {
        const answer = await aBrowser(walk).send('GET', `${doorOf(walk).ready.httpUrl}/pipeline/`)
        expect(answer.status, 301, 'the redirect')
        return brief(answer)
      },
    },
    {
      says: 'kfp with `cookies=` and `ssl_ca_cert=` says multi-user.',
      types:
        'python -c \'kfp.Client(host="$URL/pipeline", cookies=…, ssl_ca_cert="my-ca/ca.crt").get_kfp_healthz()\'',
      does: healthByKfp,
    },
  ],
}

const ownCa = (walk: Walk) => join(walk.folder, 'my-ca')

/** The CA of this stage's door: the walk's own, or the one the door made. */
const caOf = (walk: Walk) => walk.keep.get('ca') ?? doorOf(walk).ready.caFile

/** What real curl says, errors included. */
async function curl(...args: string[]): Promise<string> {
  const options = { env: { PATH: process.env.PATH, HOME: process.env.HOME } }
  const { stdout, stderr } = await promisify(execFile)('curl', ['-sS', ...args], options).catch(
    (failed: { stdout: string; stderr: string }) => failed,
  )
  return `${stdout}${stderr}`.trim()
}

async function healthByKfp(walk: Walk): Promise<string> {
  const cookie = await sessionCookie(walk)
  if (walk.kfp) {
    const script = fileURLToPath(new URL('../../e2e/python/kfp_healthz.py', import.meta.url))
    const { stdout } = await promisify(execFile)(walk.kfp, [script], {
      // The cookie goes by environment: a process list shows arguments to everybody.
      env: {
        PATH: process.env.PATH, HOME: walk.folder, TOUR_HOST: at(walk, '/pipeline'), TOUR_COOKIES: cookie,
        TOUR_CA: caOf(walk) ?? '',
      }, // biome-ignore format: a table
    })
    expect(/'multi_user': True|"multi_user": true/.test(stdout), true, 'multi_user')
    return stdout.trim()
  }
  const answer = await aBrowser(walk).send('GET', at(walk, '/pipeline/apis/v1beta1/healthz'), { cookie })
  expect((JSON.parse(answer.body) as { multi_user?: boolean }).multi_user, true, 'multi_user')
  return `${brief(answer)}   (asked by hand: no kfp SDK here; \`npm run tour -- --with-kfp\` installs one)`
}

const pastTheDoor = (
  says: string,
  headers: (walk: Walk) => Promise<Record<string, string>>,
  wanted: number,
): Step => ({
  says,
  types: `curl $PIPELINES${list.replace('/pipeline', '')}`,
  does: async (walk) => {
    const url = doorOf(walk).ready.direct.pipelines + list.replace('/pipeline', '')
    const answer = await aBrowser(walk).send('GET', url, await headers(walk))
    expect(answer.status, wanted, 'the answer')
    return brief(answer)
  },
})

const identity: Stage = {
  number: 2,
  title: '`there is no user identity header`',
  door: async () => startDoor([]),
  steps: [
    pastTheDoor('Past the door, as with port-forward: nobody says who you are.', async () => ({}), 401),
    {
      says: 'With a session, through the door.',
      types: `curl --cacert $CA -H "Cookie: $(kfdoor token --user user@example.com -o cookie)" '$URL${list}'`,
      does: async (walk) => {
        const answer = await aBrowser(walk).send('GET', at(walk, list), { cookie: await sessionCookie(walk) })
        expect(answer.status, 200, 'the answer')
        return brief(answer)
      },
    },
    pastTheDoor(
      'Past the door with a service account’s token of audience pipelines.kubeflow.org, as a PodDefault mounts it.',
      async (walk) => ({
        authorization: `Bearer ${await token(walk, `${namespace}/default-editor`, 'pipelines.kubeflow.org')}`,
      }),
      200,
    ),
    pastTheDoor(
      'The same account with another audience is refused.',
      async (walk) => ({
        authorization: `Bearer ${await token(walk, `${namespace}/default-editor`, 'somebody-else')}`,
      }),
      401,
    ),
    {
      says: 'A Pipelines server for one user asks nobody: MULTIUSER=false.',
      types: 'kfdoor up --single-user, then curl $PIPELINES/apis/v2beta1/experiments',
      does: async (walk) => {
        const single = await startDoor(['--single-user'])
        try {
          const answer = await aBrowser(walk).send(
            'GET',
            `${single.ready.direct.pipelines}/apis/v2beta1/experiments`,
          )
          expect(answer.status, 200, 'the answer')
          return brief(answer)
        } finally {
          await single.stop()
        }
      },
    },
  ],
}

const byRest: Stage = {
  number: 3,
  title: 'signing in by REST, then calling models',
  door: async () => startDoor(['--profile', 'v1.6']),
  steps: [
    {
      says: 'A model, asked without a session: the door sends the caller to Dex.',
      types: `curl -i -H 'Host: sklearn-irisv2.${namespace}.example.com' $URL/v2/models/sklearn-irisv2`,
      does: async (walk) => {
        const browser = aBrowser(walk)
        const answer = await browser.send('GET', at(walk, '/'))
        expect(answer.status, 302, 'the answer')
        walk.keep.set('authorize', new URL(String(answer.headers.location), answer.url).href)
        return brief(answer)
      },
    },
    {
      says: 'Following it to the form, and filling it in: redirect after redirect until the cookie comes.',
      types: 'curl -L -c jar $URL/ … -d login=user@example.com -d password=…',
      does: async (walk) => {
        const browser = aBrowser(walk)
        const page = await signIn(browser, at(walk, '/'), user)
        expect(page.status, 200, 'the last page')
        walk.keep.set('jar', browser.cookieHeader())
        const login = browser.visited.find((line) => line.startsWith('POST ')) as string
        walk.keep.set('form', login.slice('POST '.length))
        const cookie = browser.setCookies.find((line) => line.startsWith('authservice_session='))
        expect(/Max-Age=86400/i.test(cookie ?? ''), true, 'a session of a day')
        // What is secret or long in a query is cut; the way is what matters here.
        const way = browser.visited.map((line) =>
          line.replace(/\?.*(?=$)/, (query) => (query.length > 24 ? `${query.slice(0, 24)}…` : query)),
        )
        return [...way, `Set-Cookie: ${cookie?.replace(/=[^;]+/, '=…')}`].join('\n')
      },
    },
    {
      says: 'A finished login request cannot be used twice.',
      types: 'curl -d login=… -d password=… "$URL/dex/auth/local/login?state=…"   # the same again',
      does: async (walk) => {
        const body = new URLSearchParams(user).toString()
        const answer = await aBrowser(walk).send(
          'POST', walk.keep.get('form') as string, { 'content-type': 'application/x-www-form-urlencoded' }, body,
        ) // biome-ignore format: as typed
        expect(answer.status >= 400, true, 'a refusal')
        return brief(answer)
      },
    },
    {
      says: 'A prediction from the V1 model, with the cookie.',
      types: `curl --cacert $CA -b jar -H 'Host: sklearn-iris.${namespace}.example.com' $URL/v1/models/sklearn-iris:predict -d @iris.json`,
      does: (walk) =>
        predict(
          walk,
          'sklearn-iris',
          '/v1/models/sklearn-iris:predict',
          flowers,
          /"predictions":\s*\[1,\s*1\]/,
        ),
    },
    {
      says: 'And from the V2 model.',
      types: `curl --cacert $CA -b jar -H 'Host: sklearn-irisv2.${namespace}.example.com' $URL/v2/models/sklearn-irisv2/infer -d @irisv2.json`,
      does: (walk) =>
        predict(walk, 'sklearn-irisv2', '/v2/models/sklearn-irisv2/infer', flowersV2, /"data":\s*\[1,\s*1\]/),
    },
  ],
}

async function predict(
  walk: Walk,
  model: string,
  path: string,
  input: object,
  wanted: RegExp,
): Promise<string> {
  const answer = await aBrowser(walk).send(
    'POST',
    at(walk, path),
    { ...asJson, host: `${model}.${namespace}.example.com`, cookie: walk.keep.get('jar') as string },
    JSON.stringify(input),
  )
  expect(answer.status, 200, `the prediction (${answer.body})`)
  expect(wanted.test(answer.body), true, `the prediction in ${answer.body}`)
  return brief(answer)
}

const inCluster = (says: string, wanted: number): Step => ({
  says,
  types: `curl -H 'Host: sklearn-iris.${namespace}.svc.cluster.local' $LOCAL_GATEWAY/v1/models/sklearn-iris:predict -d @iris.json`,
  does: async (walk) => {
    const door = doorOf(walk)
    const gateway = door.ready.listeners.find(
      ({ url }) => url !== door.ready.url && url !== door.ready.httpUrl,
    )
    if (!gateway) throw new Error('no local gateway listens')
    const answer = await aBrowser(walk).send(
      'POST',
      `${gateway.url}/v1/models/sklearn-iris:predict`,
      { ...asJson, host: `sklearn-iris.${namespace}.svc.cluster.local` },
      JSON.stringify(flowers),
    )
    expect(answer.status, wanted, `the answer (${answer.body})`)
    return brief(answer)
  },
})

const twoGateways: Stage = {
  number: 4,
  title: 'two Gateways on one selector: calls from inside the cluster meet the login',
  door: async (walk) =>
    startDoor([
      '-f',
      'profile:v1.6',
      '-f',
      overlay(walk, 'shared-pods', localGatewayOnIngress, modelWithoutPolicy),
    ]),
  steps: [
    inCluster(
      'knative-local-gateway selects the ingress pods, and their filter asks everybody to sign in.',
      302,
    ),
    {
      says: 'The way out: a CUSTOM policy that leaves the model paths out, in place of the EnvoyFilter.',
      types: 'kubectl apply -f dex-auth.yaml; kubectl delete envoyfilter authn-filter -n istio-system',
      does: async (walk) => {
        await doorOf(walk).stop()
        walk.door = await startDoor([
          '-f', 'profile:v1.6',
          '-f', overlay(walk, 'by-path', localGatewayOnIngress, modelWithoutPolicy, customPolicyByPath, noEnvoyFilter),
        ]) // biome-ignore format: as typed
        return 'the door runs with the new policy'
      },
    },
    inCluster('The same call gets through.', 200),
    {
      says: 'The dashboard stays closed.',
      types: 'curl -i $URL/',
      does: async (walk) => {
        const answer = await aBrowser(walk).send('GET', at(walk, '/'))
        expect(answer.status, 302, 'the dashboard')
        return brief(answer)
      },
    },
  ],
}

const exposed = '/kfserving/kubeflow-user-example-com/sklearn-iris'

const callExposed = (
  says: string,
  who: (walk: Walk) => Promise<Record<string, string>>,
  wanted: readonly number[],
  text?: RegExp,
): Step => ({
  says,
  types: `curl --cacert $CA -H "Authorization: Bearer $TOKEN" $URL${exposed} -d @iris.json`,
  does: async (walk) => {
    const answer = await aBrowser(walk).send(
      'POST',
      at(walk, exposed),
      { ...asJson, ...(await who(walk)) },
      JSON.stringify(flowers),
    )
    expect(wanted.includes(answer.status), true, `one of ${wanted.join(', ')}; it was ${brief(answer)}`)
    if (text) expect(text.test(answer.body), true, `${text} in ${answer.body}`)
    return brief(answer)
  },
})

const ingressAudience = 'istio-ingressgateway.istio-system.svc.cluster.local'
const bearer = async (walk: Walk, account: string) => ({
  authorization: `Bearer ${await token(walk, account, ingressAudience)}`,
})

const oneModel: Stage = {
  number: 5,
  title: 'one model for callers outside',
  door: async (walk) =>
    startDoor(['-f', 'profile:26.03', '-f', overlay(walk, 'closed', modelAtAPath, noMachineTokens)]),
  steps: [
    callExposed(
      'A VirtualService gives the model a path; without credentials it stays closed.',
      async () => ({}),
      [302, 401, 403],
    ),
    callExposed(
      'A service account’s token, while nothing names its issuer.',
      (walk) => bearer(walk, `${namespace}/default-editor`), [401], /Jwt issuer is not configured/,
    ), // biome-ignore format: a table
    {
      says: 'With a RequestAuthentication for the cluster’s issuer.',
      types: 'kubectl apply -f m2m-token-issuer.yaml',
      does: async (walk) => {
        await doorOf(walk).stop()
        walk.door = await startDoor(['-f', 'profile:26.03', '-f', overlay(walk, 'model', modelAtAPath)])
        return 'the door runs with machine tokens'
      },
    },
    callExposed(
      'default-editor gets its prediction.',
      (walk) => bearer(walk, `${namespace}/default-editor`),
      [200],
      /"predictions":\s*\[1,\s*1\]/,
    ),
    callExposed('Without a token it is still closed.', async () => ({}), [302, 401, 403]),
    callExposed(
      'Another namespace’s account: as the policy at the model says.',
      (walk) => bearer(walk, 'somebody-else/default-editor'),
      [403],
    ),
  ],
}

export const stages: readonly Stage[] = [tls, identity, byRest, twoGateways, oneModel]
