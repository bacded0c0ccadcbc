/** `tls enable` with what people bring: each refusal names the file or the word, exits 2, and shows no key. */
import assert from 'node:assert/strict'
import { createPrivateKey, generateKeyPairSync } from 'node:crypto'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { openCaFolder, readCertificates } from '../src/pki/index.ts'
import { run } from './door.ts'
import { alternative, DNS, name, rare } from './parts/der-certificate.ts'

const host = 'kubeflow.example.com'
const door = ['-f', 'profile:26.03']

describe('kfdoor tls enable with files', { timeout: 180_000 }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'kfdoor-tls-'))
  const at = (name: string) => join(folder, name)
  const text = (name: string) => readFileSync(at(name), 'utf8')
  const keys: string[] = []
  after(() => rmSync(folder, { recursive: true, force: true }))

  const enable = async (words: readonly string[]) => {
    const done = await run([
      'tls',
      'enable',
      ...words.map((word) => word.replaceAll('@', `${folder}/`)),
      ...door,
    ])
    for (const key of keys) assert.ok(!(done.out + done.err).includes(key), 'a key is in it')
    assert.doesNotMatch(done.err, /\n\s+at /)
    return done
  }
  const ca = async (...words: readonly string[]) => {
    const done = await run(['ca', ...words])
    assert.equal(done.code, 0, done.err)
  }

  before(async () => {
    await ca('init', '--dir', at('root'), '--name', host, '--authorities')
    await ca('intermediate', '--dir', at('ca'), '--from', at('root'), '--name', host)
    await ca('server', '--dir', at('ca'), '--name', host)
    await ca('server', '--dir', at('ca'), '--name', `other.${host}`)
    const past = Date.now() - 500 * 86_400_000
    const old = openCaFolder(at('old'), () => past)
    await old.init({ names: [host] })
    const { csrFile } = await old.csr({ names: [host] })
    await old.sign(csrFile)
    const [cert, key] = [text(`ca/${host}.crt`), text(`ca/${host}.key`)]
    const [leaf = ''] = cert.split(/(?<=-----END CERTIFICATE-----\n)/)
    const encrypted = createPrivateKey(key).export({
      type: 'pkcs8',
      format: 'pem',
      cipher: 'aes-256-cbc',
      passphrase: 'x',
    })
    const short = generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey
    const files = {
      'good.crt': cert,
      'good.key': key,
      'leaf.crt': leaf,
      'root-first.crt': text('root/ca.crt') + cert,
      'key-inside.crt': cert + key,
      'encrypted.key': encrypted,
      'short.key': short.export({ type: 'pkcs8', format: 'pem' }),
      'der.key': createPrivateKey(key).export({ type: 'pkcs8', format: 'der' }),
      empty: '',
    }
    for (const [file, content] of Object.entries(files)) writeFileSync(at(file), content)
    const issuer = rare({})
    for (const key of ['k256', 'p224', 'rsapss', 'explicit', 'ed25519']) {
      const { pem, keyPem } = rare(
        { key, subject: name(`CN=${host}`), names: alternative([DNS, host]) },
        issuer,
      )
      writeFileSync(at(`${key}.crt`), pem)
      writeFileSync(at(`${key}.key`), keyPem)
    }
    mkdirSync(at('a folder'))
    for (const pem of [key, String(encrypted), text(`ca/other.${host}.key`), text(`old/${host}.key`)])
      keys.push(...pem.split('\n').filter((line) => line.length > 20 && !line.startsWith('-----')))
    assert.ok(keys.length > 4)
  })

  const pair = (cert: string, key: string) => ['--cert', `@${cert}`, '--key', `@${key}`]
  const refused: readonly (readonly [what: string, words: readonly string[], says: RegExp])[] = [
    [
      'another’s key',
      pair('good.crt', `ca/other.${host}.key`),
      /good\.crt`: .*other\.\S+\.key` do not belong together/,
    ],
    [
      'a chain with the root in front',
      pair('root-first.crt', 'good.key'),
      /root-first\.crt`: its first certificate/,
    ],
    [
      'a key in the certificate’s file',
      pair('key-inside.crt', 'good.key'),
      /key-inside\.crt`: there is a private key in it/,
    ],
    [
      'one file for both',
      pair('key-inside.crt', 'key-inside.crt'),
      /key-inside\.crt`: there is a private key in it/,
    ],
    ['a curve Envoy does not know', pair('k256.crt', 'k256.key'), /k256\.key is too weak or of a kind/],
    ['a curve too small for Envoy', pair('p224.crt', 'p224.key'), /p224\.key is too weak or of a kind/],
    ['a key for PSS alone', pair('rsapss.crt', 'rsapss.key'), /rsapss\.key is too weak or of a kind/],
    [
      'a curve that is described and not named',
      pair('explicit.crt', 'explicit.key'),
      /explicit\.crt`: no client takes it .* on a curve that is described/,
    ],
    ['an encrypted key', pair('good.crt', 'encrypted.key'), /encrypted\.key`: the key is encrypted/],
    ['a key in DER', pair('good.crt', 'der.key'), /der\.key`: it is a key in DER; `openssl pkey /],
    ['the two the other way round', pair('good.key', 'good.crt'), /good\.crt`: it holds no private key/],
    ['an empty certificate', pair('empty', 'good.key'), /empty`: it holds no certificate/],
    ['an empty key', pair('good.crt', 'empty'), /empty`: it holds no private key/],
    ['no such certificate', pair('none.crt', 'good.key'), /none\.crt`: no such file/],
    ['no such key', pair('good.crt', 'none.key'), /none\.key`: no such file/],
    ['a folder as certificate', pair('a folder', 'good.key'), /a folder`: it is a folder/],
    ['a folder as key', pair('good.crt', 'a folder'), /a folder`: it is a folder/],
    [
      'an expired certificate',
      pair(`old/${host}.crt`, `old/${host}.key`),
      /old\/\S+\.crt`: no client takes it .* expired on/,
    ],
    [
      'a certificate for somebody else',
      [...pair('good.crt', 'good.key'), '--host', 'a.example.org'],
      /good\.crt`: no client takes it for a\.example\.org/,
    ],
    [
      'one of two names is not in it',
      ['--ca', '@ca', '--host', host, 'a.example.org'],
      /for kubeflow\.example\.com in \S+ca`: no client takes it for a\.example\.org/,
    ],
    [
      'a name the folder has nothing for',
      ['--ca', '@ca', '--host', 'none.example.com'],
      /holds no certificate for `none\.example\.com`; make it with `kfdoor ca server --dir \S+ --name none\.example\.com`/,
    ],
    ['no folder of `kfdoor ca`', ['--ca', '@none', '--host', host], /none` holds no certificate for `/],
    ['a folder without a name', ['--ca', '@ca'], /`--host NAME`/],
    ['half a pair', ['--cert', '@good.crt'], /`--cert` and `--key` go together/],
    ['two ways at once', [...pair('good.crt', 'good.key'), '--ca', '@ca'], /comes from one place/],
    [
      'a Secret’s name with its namespace',
      ['--secret', 'istio-system/kubeflow-tls'],
      /`--secret`: `istio-system\/kubeflow-tls` is not/,
    ],
    ['an empty name', ['--secret', ''], /`--secret`: `` is not/],
    [
      'an issuer of no such name',
      ['--cert-manager', 'Bad Issuer', '--host', host],
      /`--cert-manager`: `Bad Issuer`/,
    ],
    ['a host that is none', ['--cert-manager', 'le', '--host', 'a b'], /`a b` is neither a host name/],
    [
      'an authority of callers who show nothing',
      [...pair('good.crt', 'good.key'), '--client-ca', '@root/ca.crt'],
      /`--client-ca` .*add `--mutual`/,
    ],
    [
      'an authority of callers with its key',
      [...pair('good.crt', 'good.key'), '--mutual', '--client-ca', '@key-inside.crt'],
      /key-inside\.crt`: there is a private key in it/,
    ],
    ['every host', ['--cert-manager', 'le', '--host', '*'], /`\*` is neither a host name/],
  ]
  for (const [what, words, says] of refused) {
    it(`refused: ${what}`, async () => {
      const { code, out, err } = await enable(words)
      assert.match(err, says)
      assert.match(err, /^kfdoor: KFD\d{4}: [^\n]*\n$/)
      assert.deepEqual([code, out], [2, ''])
    })
  }

  it('a key that is typed where its file should be is not repeated', async () => {
    const typedIn = text('good.key').trim()
    for (const words of [
      ['--cert', '@good.crt', '--key', typedIn],
      ['--cert', '@good.crt', `--key=${typedIn}`],
      ['--cert', typedIn, '--key', '@good.key'],
      ['--cert', '@good.crt', typedIn],
    ]) {
      const { code, err } = await enable(words)
      assert.equal(code, 2)
      assert.match(err, /^kfdoor: KFD\d{4}: .*\(a private key\)/)
    }
  })

  it('a leaf without its chain is planned, and the plan says what is missing', async () => {
    const { code, out } = await enable(pair('leaf.crt', 'good.key'))
    assert.equal(code, 0)
    assert.match(out, /leaf\.crt` holds one certificate and none of an authority between/)
    assert.doesNotMatch((await enable(pair('good.crt', 'good.key'))).out, /holds one certificate/)
  })

  it('what a client has against the key is said though nobody knows the roots', async () => {
    const { code, out } = await enable(pair('ed25519.crt', 'ed25519.key'))
    assert.equal(code, 0)
    assert.match(out, /Chromium, Chrome, Edge refuses the certificate for \S+: it has no Ed25519/)
  })

  it('the plan names the command that was typed, and the line that makes the Secret', async () => {
    const words = [
      '--secret',
      'door',
      '--ca',
      '@ca',
      '--gateway',
      'kubeflow/kubeflow-gateway',
      '--host',
      host,
      '--mutual',
    ]
    const { code, out, err } = await enable(words)
    assert.equal(code, 0, err)
    assert.match(out, new RegExp(`kfdoor tls enable ${words.join(' ').replace('@', `${folder}/`)}\n`))
    assert.match(
      out,
      /kfdoor ca secret \S+ --dir \S+ --secret-name door -n istio-system --mutual \| kubectl apply/,
    )
  })

  it('the authority of the callers is a line of its own, and no file with a key', async () => {
    const words = [...pair('good.crt', 'good.key'), '--mutual', '--secret', 'door']
    const line = (file: string) =>
      `kubectl create secret generic door-cacert -n istio-system --from-file ca.crt=${file} --dry-run=client -o yaml | kubectl apply -f -`
    assert.ok((await enable(words)).out.includes(line('CALLERS-CA.crt')))
    const named = await enable([...words, '--client-ca', '@root/ca.crt'])
    assert.ok(named.out.includes(line(`${folder}/root/ca.crt`)), named.out)
    assert.ok(named.out.includes(`--client-ca ${folder}/root/ca.crt`), named.out)
  })

  it('cert-manager is told addresses apart from names', async () => {
    const words = ['--cert-manager', 'le', '--issuer-kind', 'Issuer', '--host', host, '10.0.0.7']
    const { code, out, err } = await enable(words)
    assert.equal(code, 0, err)
    assert.match(
      out,
      /dnsNames:\n\s*\+\s+- kubeflow\.example\.com\n\s*\+\s+ipAddresses:\n\s*\+\s+- 10\.0\.0\.7\n/,
    )
    assert.match(out, /kfdoor tls enable .*--issuer-kind Issuer/)
  })

  it('the leaf alone is what it says it is', async () => {
    assert.deepEqual((await readCertificates(text('leaf.crt'), 'leaf')).length, 1)
    assert.ok((await readCertificates(text('good.crt'), 'good')).length > 1)
  })
})
