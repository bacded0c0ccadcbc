import { writeFileSync } from 'node:fs'
import { Fault, fileTrouble } from '../../base/index.ts'
import { asFixture, planVerification, type VerifyOptions, verifyDoor } from '../../compose/verify/index.ts'
import { type DoorOptions as ReachWords, reachOf } from '../door-options.ts'
import { exitCode, type Io, wantsColour } from '../io.ts'
import { readPrincipal } from '../map/print-map.ts'
import { viewOptions } from '../map/view-options.ts'
import { progress } from '../progress.ts'
import { type DoorOptions, readDoor, yamlWords } from '../read-door.ts'
import { asJson, asTable, nextWords, planAsJson, planAsTable } from './render.ts'

export interface VerifyWords extends DoorOptions {
  readonly gateway?: string
  readonly as?: readonly string[]
  readonly self?: string
  readonly hardening?: string
  readonly yes?: true
  readonly rate: string
  readonly probeForged?: true
  readonly namespace?: readonly string[]
  readonly mint?: true
  readonly wake?: true
  readonly allowPost?: true
  readonly writeFixture?: string
  readonly output: string
}

const mostRate = 100

/** @throws Fault for whatever the question or the YAML has wrong, and what reaching the door throws */
export async function printVerify(io: Io, url: string, words: VerifyWords & ReachWords): Promise<number> {
  const rate = readRate(words.rate)
  const principals = words.as?.map(readPrincipal)
  const self = words.self === undefined ? undefined : readPrincipal(words.self)
  const { mesh, door } = await readDoor(io, 'verify', words)
  if (words.gateway !== undefined && !/^[^/]+\/[^/]+$/.test(words.gateway)) {
    throw new Fault('ERR_USAGE', {
      message: `\`--gateway ${words.gateway}\` is not NAMESPACE/NAME`,
      next: 'as `kfdoor map` names it, for example `istio-system/ingressgateway`',
    })
  }
  const { hardening, context, kubeconfig, gateway, namespace } = words
  const options: VerifyOptions = {
    ...reachOf(io, words),
    url,
    mesh,
    engine: door,
    view: viewOptions(mesh, words),
    ...(gateway !== undefined && { gateway }),
    permissions: {
      probeForged: words.probeForged === true,
      wake: words.wake === true,
      allowPost: words.allowPost === true,
      mint: words.mint === true,
      ...(namespace !== undefined && { ownNamespaces: namespace }),
    },
    ...(principals && { principals }),
    ...(self && { self }),
    ...(hardening !== undefined && { answering: hardening === 'default' ? 'kfdoor' : 'istio' }),
    rate,
    kube: { ...(context !== undefined && { context }), ...(kubeconfig !== undefined && { kubeconfig }) },
    ...(io.tty.err && {
      progress: (done, of) => process.stderr.write(`\r\x1b[Kasking ${done + 1}/${of}`),
    }),
  }
  progress(io, `looking at every route of ${mesh.virtualServices.length} VirtualServices`)
  const plan = planVerification(io.env, options)
  if (!plan.loopback && words.yes !== true) {
    io.out(words.output === 'json' ? planAsJson(plan) : planAsTable(plan))
    throw new Fault('ERR_USAGE', {
      message: `${plan.ask.length} ${plan.ask.length === 1 ? 'request' : 'requests'} would go to ${plan.url.host}, which is not this machine; nothing was sent`,
      next: 'look at the list, and say `--yes`',
    })
  }
  const verified = await verifyDoor(io.env, options)
  if (io.tty.err) process.stderr.write('\r\x1b[K')
  if (words.writeFixture !== undefined) {
    write(words.writeFixture, asFixture(verified.disagreements, verified.plan.url.href))
  }
  const { otherScheme } = verified.plan
  if (otherScheme !== undefined) {
    io.err(`the gateway has no ${verified.plan.url.protocol} server: compared with its ${otherScheme} routes`)
  }
  io.out(words.output === 'json' ? asJson(verified) : asTable(verified, wantsColour(io, 'out')))
  const [first] = verified.disagreements
  if (first !== undefined) {
    io.err(nextWords(first, yamlWords(words), words.writeFixture))
    return exitCode.no
  }
  return verified.agreements.length > 0 ? exitCode.ok : exitCode.undecided
}

function readRate(text: string): number {
  const rate = Number(text)
  if (rate > 0 && rate <= mostRate) return rate
  throw new Fault('ERR_USAGE', {
    message: `\`--rate ${text}\` is no number of requests a second`,
    next: `use one up to ${mostRate}`,
  })
}

function write(path: string, text: string): void {
  try {
    writeFileSync(path, text)
  } catch (error) {
    throw new Fault('ERR_FILE_UNWRITABLE', { path, reason: fileTrouble(error) }, { cause: error })
  }
}
