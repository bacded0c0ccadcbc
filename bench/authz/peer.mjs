// What serve authz is compared with, as a process: `node peer.mjs KIND PORT FOLDER [REDIS-PORT | KEY-FILE]`.
import { createPublicKey, verify } from 'node:crypto'
import { readFileSync } from 'node:fs'
import http from 'node:http'
import { createRequire } from 'node:module'

const [kind, port, folder, extra] = process.argv.slice(2)
const require = createRequire(`${folder}/package.json`)
const user = { 'kubeflow-userid': 'user@example.com', 'content-length': '0' }
const serve = (check) =>
  http
    .createServer(async (req, res) => {
      if (await check(req)) res.writeHead(200, user).end()
      else res.writeHead(403, { 'content-length': '0' }).end()
    })
    .listen(Number(port), '127.0.0.1')
const sessionOf = (req) => /(?:^|; )session=([^;]*)/.exec(req.headers.cookie ?? '')?.[1]

switch (kind) {
  case 'map': {
    const sessions = new Map([['bench-session', user]])
    http
      .createServer((req, res) => {
        const found = sessions.get(sessionOf(req))
        if (found) res.writeHead(200, found).end()
        else res.writeHead(403, { 'content-length': '0' }).end()
      })
      .listen(Number(port), '127.0.0.1')
    break
  }
  case 'redis': {
    const { Redis } = require('ioredis')
    const redis = new Redis({ port: Number(extra), host: '127.0.0.1', enableAutoPipelining: true })
    await redis.set('bench-session', JSON.stringify(user))
    serve(async (req) => (await redis.get(sessionOf(req) ?? '')) !== null)
    break
  }
  case 'verify': {
    const key = createPublicKey({ key: JSON.parse(readFileSync(extra, 'utf8')), format: 'jwk' })
    serve((req) => {
      const [head, body, signature = ''] = (req.headers.authorization ?? '').slice(7).split('.')
      const good = verify('sha256', Buffer.from(`${head}.${body}`), key, Buffer.from(signature, 'base64url'))
      return good && JSON.parse(Buffer.from(body, 'base64url').toString()).exp * 1000 > Date.now()
    })
    break
  }
  case 'grpc': {
    const grpc = require('@grpc/grpc-js')
    const bytes = (value) => value
    const server = new grpc.Server()
    // CheckResponse{status: OK, ok_response: {}}, whatever was asked.
    const ok = Buffer.from([0x0a, 0x00, 0x1a, 0x00])
    const method = {
      path: '/envoy.service.auth.v3.Authorization/Check',
      requestStream: false,
      responseStream: false,
    }
    const codec = {
      requestSerialize: bytes,
      requestDeserialize: bytes,
      responseSerialize: bytes,
      responseDeserialize: bytes,
    }
    server.addService({ check: { ...method, ...codec } }, { check: (_call, answer) => answer(null, ok) })
    server.bindAsync(`127.0.0.1:${port}`, grpc.ServerCredentials.createInsecure(), () => {})
    break
  }
  default:
    throw new Error(`no peer is called ${kind}`)
}
