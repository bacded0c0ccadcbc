// One peer of the npm world as a process: `node node-peer.mjs NAME PORT UPSTREAM FOLDER`.
import http from 'node:http'
import { createRequire } from 'node:module'

const [name, port, upstream, folder] = process.argv.slice(2)
const require = folder === undefined ? undefined : createRequire(`${folder}/package.json`)
const target = `http://127.0.0.1:${upstream}`
// Without an agent that keeps connections each of them would make a new one per request.
const agent = new http.Agent({ keepAlive: true, maxSockets: 256 })

switch (name) {
  case 'http-proxy-3': {
    const { createProxyServer } = require('http-proxy-3')
    const proxy = createProxyServer({ target, agent })
    proxy.on('error', (error, _, res) => res.destroy?.(error))
    http.createServer((req, res) => proxy.web(req, res)).listen(Number(port), '127.0.0.1')
    break
  }
  case 'httpxy': {
    const { createProxyServer } = await import(require.resolve('httpxy'))
    const proxy = createProxyServer({ target, agent })
    http
      .createServer((req, res) => void proxy.web(req, res).catch((error) => res.destroy(error)))
      .listen(Number(port), '127.0.0.1')
    break
  }
  case 'fastify http-proxy': {
    const app = require('fastify')()
    app.register(require('@fastify/http-proxy'), { upstream: target })
    await app.listen({ port: Number(port), host: '127.0.0.1' })
    break
  }
  case 'plain Node': {
    http
      .createServer((req, res) => {
        const { method, url: path, headers } = req
        const asked = http.request(
          { host: '127.0.0.1', port: Number(upstream), method, path, headers, agent },
          (answer) => {
            res.writeHead(answer.statusCode, answer.rawHeaders)
            answer.pipe(res)
          },
        )
        asked.on('error', () => res.destroy())
        req.pipe(asked)
      })
      .listen(Number(port), '127.0.0.1')
    break
  }
  case 'node check': {
    const sessions = new Map([['bench-session', { user: 'user@example.com', groups: 'team' }]])
    http
      .createServer((req, res) => {
        const found = sessions.get(/(?:^|; )session=([^;]*)/.exec(req.headers.cookie ?? '')?.[1])
        if (found)
          res
            .writeHead(200, { 'x-user': found.user, 'x-user-groups': found.groups, 'content-length': '0' })
            .end()
        else res.writeHead(403, { 'content-length': '0' }).end()
      })
      .listen(Number(port), '127.0.0.1')
    break
  }
  default:
    throw new Error(`no peer is called ${name}`)
}
