import { createServer, type Server } from 'node:http'
import { Counter, Gauge, Registry } from 'prom-client'
import type { Decided } from '../../authz/index.ts'
import { createDecisionFigures } from './decision-figures.ts'

export interface Metrics {
  decided(decided: Decided): void
  keysRefreshed(issuer: string, outcome: 'same' | 'changed' | 'failed'): void
  cached(what: 'hit' | 'miss'): void
  reloaded(outcome: 'applied' | 'refused'): void
  text(): Promise<string>
}

export interface MetricsSources {
  readonly sessions: () => Promise<number>
  readonly logLinesLost: () => number
}

/**
 * Figures for Prometheus. Every label has few values, and all of them are ours: paths, hosts and
 * users are in the log, not here.
 */
export function createMetrics(sources: MetricsSources): Metrics {
  const registers = [new Registry()]
  const [registry] = registers as [Registry]
  const decisions = createDecisionFigures()
  const keys = new Counter({
    name: 'kfdoor_issuer_keys_refreshes_total',
    help: 'Fetches of the keys of an issuer.',
    labelNames: ['issuer', 'outcome'],
    registers,
  })
  const found = { hit: 0, miss: 0 }
  new Counter({
    name: 'kfdoor_token_cache_total',
    help: 'Tokens that were known already, and those that had to be verified.',
    labelNames: ['result'],
    registers,
    collect() {
      this.reset()
      for (const result of ['hit', 'miss'] as const)
        if (found[result] > 0) this.inc({ result }, found[result])
    },
  })
  const reloads = new Counter({
    name: 'kfdoor_authz_reloads_total',
    help: 'Changed settings that were applied, and those that were refused.',
    labelNames: ['outcome'],
    registers,
  })
  new Gauge({
    name: 'kfdoor_sessions',
    help: 'Sessions that have not expired.',
    registers,
    async collect() {
      this.set(await sources.sessions().catch(() => Number.NaN))
    },
  })
  new Gauge({
    name: 'kfdoor_log_lines_lost',
    help: 'Lines of the audit log that could not be written.',
    registers,
    collect() {
      this.set(sources.logLinesLost())
    },
  })

  return {
    decided: decisions.add,
    keysRefreshed: (issuer, outcome) => keys.inc({ issuer, outcome }),
    cached(result) {
      found[result]++
    },
    reloaded: (outcome) => reloads.inc({ outcome }),
    text: async () => `${decisions.text()}\n${await registry.metrics()}`,
  }
}

export interface Health {
  /** What is missing for being ready; empty = ready. */
  readonly missing: () => readonly string[]
  /** Each thing that was looked at, with what is wrong with it. */
  readonly checks: () => readonly { readonly name: string; readonly problem?: string }[]
}

/** `/metrics`, `/healthz` and `/readyz` on a port that no gateway leads to. */
export function createMetricsServer(metrics: Metrics, health: Health): Server {
  return createServer({ headersTimeout: 5000, requestTimeout: 5000 }, (request, response) => {
    const [pathname, query = ''] = (request.url ?? '').split('?', 2)
    const send = (status: number, type: string, text: string) => {
      response.writeHead(status, { 'content-type': type, 'content-length': Buffer.byteLength(text) })
      response.end(request.method === 'HEAD' ? undefined : text)
    }
    const plain = 'text/plain; charset=utf-8'
    if (request.method !== 'GET' && request.method !== 'HEAD') return send(405, plain, 'method not allowed\n')
    switch (pathname) {
      case '/metrics':
        metrics.text().then(
          (text) => send(200, 'text/plain; version=0.0.4; charset=utf-8', text),
          () => send(500, plain, 'the figures cannot be had\n'),
        )
        return
      case '/healthz':
        return send(200, plain, 'ok\n')
      case '/readyz': {
        const ready = health.missing().length === 0
        const lines = new URLSearchParams(query).has('verbose')
          ? health.checks().map(({ name, problem }) => `[${problem ? '-' : '+'}]${name} ${problem ?? 'ok'}\n`)
          : []
        return send(ready ? 200 : 503, plain, `${lines.join('')}${ready ? 'ready' : 'not ready'}\n`)
      }
    }
    send(404, plain, '404 page not found\n')
  })
}
