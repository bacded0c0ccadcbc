/**
 * Changes with the live door asked: a real API server with a release in it, and a real Envoy that runs what stands
 * there, made anew on every change. Each command is carried out with `--verify`, its witnesses are asked and agree;
 * so they do after the rollback. Where the door lags behind, or lets through what nobody predicted, it is said, and
 * undone where that is on.
 *
 * `KFDOOR_CHANGE=full` takes every command; `KFDOOR_ISTIOD=PATH` lets istiod write what Envoy runs.
 */
import assert from 'node:assert/strict'
import { globSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import { request } from 'undici'
import { parse } from 'yaml'
import { startIstiod } from '../conformance/istiod/ask-istiod.ts'
import { wholeByIstiod } from '../conformance/istiod/whole-writer.ts'
import type { Mesh } from '../src/mesh/index.ts'
import { usualAudience } from '../src/planner/index.ts'
import { localGatewayOnIngress } from '../tools/tour/overlays.ts'
import { changedIn, clearTo, dumpOf, timeless } from './change/cluster-dump.ts'
import { typed } from './change/commands.ts'
import { exposed, liveRows, predict } from './change/live-rows.ts'
import { type Cluster, clusterIssuer, startCluster } from './parts/kubernetes.ts'
import { followCluster, type LiveDoor } from './parts/live-door.ts'
import { installKinds, loadYaml } from './parts/load-yaml.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
const full = process.env.KFDOOR_CHANGE === 'full'
const keys = await generateKeyPair('RS256')
const jwk = { ...(await exportJWK(keys.publicKey)), kid: 'k', alg: 'RS256', use: 'sig' }
const fetched = (uri: string) =>
  uri.endsWith('/.well-known/openid-configuration')
    ? JSON.stringify({ issuer: uri.slice(0, uri.indexOf('/.well-known')), jwks_uri: `${uri}/keys` })
    : JSON.stringify({ keys: [jwk] })

/** A token of `NAMESPACE:NAME`, as the cluster would sign it. */
const tokenOf = (account: string, audience = usualAudience) =>
  new SignJWT({})
    .setProtectedHeader({ alg: 'RS256', kid: 'k' })
    .setIssuer(clusterIssuer)
    .setSubject(`system:serviceaccount:${account}`)
    .setAudience(audience)
    .setIssuedAt()
    .setExpirationTime('2h')
    .sign(keys.privateKey)

for (const [release, list] of liveRows(full)) {
  // Where the auth service's answers are handed on whole, they are told from a workload's in every run.
  if (list.length === 0 && release !== 'v1.6') continue
  describe(`a door that follows its cluster, ${release}`, () => {
    const folder = mkdtempSync(join(tmpdir(), 'kfdoor-live-'))
    const kubeconfig = join(folder, 'kubeconfig')
    const oracle = process.env.KFDOOR_ISTIOD ? startIstiod(process.env.KFDOOR_ISTIOD) : undefined
    let cluster: Cluster
    let live: LiveDoor
    let empty: ReadonlyMap<string, string>
    let named = ''
    let meanwhile: ((mesh: Mesh) => Promise<boolean>) | undefined

    before(async () => {
      named = await tokenOf('team-a:ci')
      cluster = await startCluster()
      cluster.kubeconfig(kubeconfig)
      await installKinds(cluster)
      empty = await dumpOf(cluster)
      // Without the demo's keys of accounts: then there is something to enable.
      const files = globSync(`profiles/${release}/{release,demo}/*.yaml`, { cwd: root })
        .filter((file) => !file.endsWith('machines.yaml'))
        .sort()
        .map((file) => join(root, file))
      if (release === 'v1.6') {
        const report = join(folder, 'report.yaml')
        writeFileSync(report, localGatewayOnIngress)
        files.push(report)
      }
      await loadYaml(cluster, files, 'kubectl')
      live = await followCluster(cluster, {
        kubeconfig,
        fetched,
        meanwhile: async (mesh) => {
          await seeWorkloads()
          return (await meanwhile?.(mesh)) ?? false
        },
        ...(oracle && { writer: wholeByIstiod(oracle, ({ kind }) => kind === 'gateway') }),
      })
    })
    after(async () => {
      await live?.close()
      await oracle?.close()
      if (empty) await clearTo(cluster, empty)
      await cluster?.close()
      rmSync(folder, { recursive: true, force: true })
    })

    /** What a cluster's own controllers say of each at once, and none runs here: it was seen. */
    const seeWorkloads = async () => {
      for (const kind of ['deployments', 'statefulsets']) {
        const { items } = (await cluster.call('GET', `/apis/apps/v1/${kind}`)).body
        for (const { metadata, status } of items) {
          const { namespace, name, generation } = metadata
          if (status?.observedGeneration === generation) continue
          const path = `/apis/apps/v1/namespaces/${namespace}/${kind}/${name}/status`
          // A StatefulSet counts its pods, too.
          const body = { status: { observedGeneration: generation, replicas: 0 } }
          const contentType = 'application/merge-patch+json'
          assert.equal((await cluster.call('PATCH', path, { body, contentType })).status, 200, path)
        }
      }
    }
    const type = (words: string, ...more: readonly string[]) =>
      typed([...words.split(' '), '--kubeconfig', kubeconfig, ...more], {
        XDG_STATE_HOME: join(folder, 'state'),
        KFDOOR_TOKEN: named,
      })
    const changing = (words: string, ...more: readonly string[]) =>
      type(words, '--context', 'admin', '--apply', '--yes', ...more)
    /** Kept as a file and applied from there: that waits for the door as long as it is told to. */
    const applied = async (words: string, seconds: string) => {
      const file = join(folder, 'kept.yaml')
      const { out, err, code } = await type(words, '--context', 'admin', '-o', 'plan')
      assert.equal(code, 0, err)
      writeFileSync(file, out)
      const asking = ['--verify', live.url, '--auto-rollback', '--timeout', seconds]
      return { file, ...(await type(`apply ${file}`, '--yes', ...asking)) }
    }
    const ask = async (method: string, path: string, token = named) => {
      // Not `fetch`: it says the address's own Host.
      const answer = await request(`${live.url}${path}`, {
        method: method as 'GET',
        headers: { host: 'kubeflow.example.com', ...(token !== '' && { authorization: `Bearer ${token}` }) },
      })
      return { status: answer.statusCode, body: await answer.body.text() }
    }
    /** What is printed for the caller's Deployment, with what it has by itself: the API server takes it. */
    const pasted = async (page: string) => {
      const [, fragment = ''] = /from a pod[^\n]*\n((?: +.*\n)+)/.exec(`${page}\n`) ?? []
      const { spec } = parse(fragment)
      spec.selector = { matchLabels: { app: 'caller' } }
      spec.template.metadata = { labels: { app: 'caller' } }
      spec.template.spec.containers[0].image = 'caller'
      const list = '/apis/apps/v1/namespaces/default/deployments?dryRun=All&fieldValidation=Strict'
      const body = { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'caller' }, spec }
      const answer = await cluster.call('POST', list, { body })
      assert.equal(answer.status, 201, JSON.stringify(answer.body))
      const { volumes, serviceAccountName } = answer.body.spec.template.spec
      assert.equal(serviceAccountName, 'ci')
      assert.equal(volumes[0].projected.sources[0].serviceAccountToken.audience, usualAudience)
    }
    const planName = (out: string): string => {
      const [name] = /^plan ([a-z0-9-]+-[0-9a-f]{6})$/m.exec(out)?.slice(1) ?? []
      assert.ok(name, out)
      return name
    }
    const sameAs = async (was: ReadonlyMap<string, string>) => {
      const now = await dumpOf(cluster)
      const moved = changedIn(was, now).filter((path) => unborn(was.get(path)) !== unborn(now.get(path)))
      assert.deepEqual(moved, [])
    }
    for (const { words, ask: question, first, behind } of list) {
      const agreed = behind
        ? /nothing of it shows at the door/
        : /asked the door: [1-9]\d* as predicted, 0 otherwise/

      test(`kfdoor ${words} --verify: as predicted, and so is its rollback`, async () => {
        const ground = first === undefined ? undefined : await changing(first)
        if (ground !== undefined) assert.equal(ground.code, 0, ground.err)
        await live.settled()
        const was = await dumpOf(cluster)
        const renewed = live.renewals
        if (words === exposed) await pasted((await type(words, '--context', 'admin')).out)
        const done = await applied(words, '300')
        assert.equal(done.code, 0, done.err)
        assert.match(done.err, agreed)
        // The caller's own token is asked with, where the plan is about it.
        if (words === exposed) assert.doesNotMatch(done.err, /not asked: \d+: the token of another account/)
        const [method, path, status, body, as] = question
        await live.settled()
        const got = await ask(method, path, as === 'nobody' ? '' : named)
        assert.equal(got.status, status, got.body)
        assert.match(got.body, body)
        const asking = ['--verify', live.url, '--timeout', '300']
        const back = await type(`rollback ${done.file}`, '--yes', ...asking)
        assert.equal(back.code, 0, back.err)
        assert.match(back.err, agreed)
        await live.settled()
        assert.ok(live.renewals >= renewed + 2, 'the door did not follow')
        await sameAs(was)
        if (ground !== undefined) {
          // What the rollback before made anew has another birth than what this plan wrote, and is the same.
          const end = await type(`rollback ${planName(ground.out)}`, '--yes')
          assert.equal(end.code, 0, end.err)
        }
      })
    }

    test('the door as it stands, asked for its whole map: nothing is otherwise', async () => {
      await live.settled()
      const { out, err, code } = await type(`verify ${live.url} --rate 100 -o json`, '--context', 'admin')
      const { agreements, disagreements } = JSON.parse(out)
      assert.deepEqual([disagreements, code], [[], 0], err)
      assert.ok(agreements.length > 20, `${agreements.length}`)
    })

    if (release !== '26.03') return

    test('a door that lags behind: said, kept, and agreed with once it has caught up', async () => {
      await live.settled()
      const was = await dumpOf(cluster)
      live.pause()
      const done = await applied(exposed, '1').finally(() => live.resume())
      assert.equal(done.code, 1, done.err)
      assert.match(done.err, /asked the door: \d+ as predicted, [1-9]\d* otherwise/)
      assert.match(
        done.err,
        /KFD1925: plan `.*` is applied, and the live door answers otherwise .*\n {2}sa:team-a\/ci/,
      )
      assert.doesNotMatch(done.err, /rolled back/)
      await live.settled()
      assert.equal((await ask('POST', predict)).status, 200)
      const back = await type(`rollback ${done.file}`, '--yes', '--verify', live.url)
      assert.equal(back.code, 0, back.err)
      await sameAs(was)
    })

    test('somebody opens the door meanwhile: said with the request, rolled back, theirs left alone', async () => {
      await live.settled()
      const was = await dumpOf(cluster)
      const gateway = '/apis/security.istio.io/v1/namespaces/istio-system/authorizationpolicies'
      const locks = ['istio-ingressgateway-oauth2-proxy', 'istio-ingressgateway-require-jwt']
      const taken: unknown[] = []
      meanwhile = async (mesh) => {
        // Once the plan's own object is there, and before the door has it.
        if (!mesh.requestAuthentications.some(({ name }) => name === 'm2m-token-issuer')) return false
        meanwhile = undefined
        for (const name of locks) {
          const { body } = await cluster.call('GET', `${gateway}/${name}`)
          taken.push(body)
          assert.equal((await cluster.call('DELETE', `${gateway}/${name}`)).status, 200)
        }
        return true
      }
      // However long the door takes: what it was before agrees with every request that can be asked.
      live.hold()
      const done = await applied('m2m enable', '60')
      assert.equal(taken.length, 2, done.err)
      assert.equal(done.code, 1, done.err)
      assert.match(done.err, /KFD1920: the live door lets through/)
      assert.match(done.err, /anonymous GET .*: predicted (challenge|deny), saw 200/)
      assert.match(done.err, /the plan was rolled back/)
      const now = await dumpOf(cluster)
      const moved = changedIn(was, now).filter((path) => timeless(was.get(path)) !== timeless(now.get(path)))
      assert.deepEqual(
        moved,
        locks.map((name) => `/apis/security.istio.io/v1/authorizationpolicies istio-system/${name}`),
      )
      await live.settled()
      assert.equal((await ask('GET', '/', '')).status, 200, 'theirs stays open: it was not ours')
    })
  })
}

/** What is deleted and made again has another birth, and controllers have seen another generation: no more. */
function unborn(text?: string): string {
  const { metadata, status: _, ...object } = JSON.parse(timeless(text))
  const { uid: __, creationTimestamp: ___, managedFields = [], ...kept } = metadata
  const fields = managedFields.filter(
    ({ subresource }: { subresource?: string }) => subresource === undefined,
  )
  return JSON.stringify({ ...object, metadata: { ...kept, managedFields: fields } })
}
