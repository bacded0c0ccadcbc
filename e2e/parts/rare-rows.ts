import {
  alternative,
  basic,
  CLIENT,
  DIRECTORY,
  DNS,
  der,
  extension,
  type General,
  IP,
  limits,
  MAIL,
  name,
  octetString,
  oid,
  PRINTABLE,
  purposes,
  type Rare,
  type RareMade,
  rare,
  SERVER,
  sequence,
  time,
  URI,
  usage,
} from './der-certificate.ts'
import type { OddRow } from './odd-rows.ts'

const ANY = '2.5.29.37.0'
const CONSTRAINTS = '2.5.29.30'

/** What stands in no textbook, and in somebody's Secret. */
export function rareRows(): readonly OddRow[] {
  const rows: OddRow[] = []
  const root = rare({ subject: name('CN=rare root') })
  const host = (id: string) => `${id}.door.test`
  const leaf = (
    id: string,
    row: Rare,
    options: {
      readonly by?: RareMade
      readonly sent?: readonly RareMade[]
      readonly ca?: RareMade | readonly RareMade[]
      readonly host?: string
      readonly strangers?: true
    } = {},
  ) => {
    const asked = options.host ?? host(id)
    const by = options.by ?? root
    const made = rare({ subject: name(`CN=${asked}`), names: alternative([DNS, asked]), ...row }, by)
    const ca = options.ca ?? (options.sent === undefined ? by : root)
    rows.push({
      id,
      host: asked,
      chain: [made, ...(options.sent ?? [])].map(({ pem }) => pem),
      keyPem: made.keyPem,
      ca: [ca]
        .flat()
        .map(({ pem }) => pem)
        .join(''),
      ...(options.strangers && { strangers: true }),
    })
  }
  const authority = (id: string, row: Rare, by: RareMade | undefined = root) =>
    rare({ subject: name(`CN=rare ${id}`), basic: basic(true), usage: usage(6), purposes: null, ...row }, by)
  /** The same oddity in an intermediate. */
  const between = (id: string, row: Rare) => {
    const middle = authority(id, row)
    leaf(id, {}, { by: middle, sent: [middle] })
  }
  /** And in a root. */
  const rooted = (id: string, row: Rare, of: Rare = {}, asked?: string) => {
    const own = rare({ subject: name(`CN=rare ${id}`), ...row })
    leaf(id, of, { by: own, ca: own, ...(asked !== undefined && { host: asked }) })
  }
  const limited = (
    id: string,
    permitted: readonly General[],
    excluded: readonly General[],
    of: Rare = {},
    asked?: string,
  ) => rooted(id, { more: [extension(CONSTRAINTS, limits(permitted, excluded), true)] }, of, asked)
  const dns = (...list: readonly string[]) => ({
    names: alternative(...list.map((one) => [DNS, one] as const)),
  })

  leaf('rare-as-it-should-be', {})

  // Names.
  leaf('star-second', dns('a.*.door.test'), { host: 'a.x.door.test' })
  leaf('star-star', dns('*.*.door.test'), { host: 'a.b.door.test' })
  leaf('star-end', dns('x.*'), { host: 'x.test' })
  leaf('star-middle', dns('s*r.door.test'), { host: 'star.door.test' })
  leaf('star-suffix', dns('*r.door.test'), { host: 'star.door.test' })
  leaf('star-empty-part', dns('star*.door.test'), { host: 'star.door.test' })
  leaf('star-idn', dns('*.door.test'), { host: 'xn--bcher-kva.door.test' })
  leaf('star-idn-part', dns('xn--*.door.test'), { host: 'xn--bcher-kva.door.test' })
  leaf('star-idn-base', dns('*.xn--bcher-kva.test'), { host: 'a.xn--bcher-kva.test' })
  leaf('idn', dns('xn--bcher-kva.door.test'), { host: 'xn--bcher-kva.door.test' })
  leaf(
    'idn-utf8',
    { names: alternative([DNS, Buffer.from('bücher.door.test')]) },
    { host: 'xn--bcher-kva.door.test' },
  )
  leaf(
    'idn-latin1',
    { names: alternative([DNS, Buffer.from('bücher.door.test', 'latin1')]) },
    { host: 'xn--bcher-kva.door.test' },
  )
  leaf('other-name-latin1', {
    names: alternative([DNS, Buffer.from('bücher.test', 'latin1')], [DNS, host('other-name-latin1')]),
  })
  leaf('nul', { names: alternative([DNS, 'nul.door.test\0.evil.test']) }, { host: 'nul.door.test' })
  leaf('nul-beside', { names: alternative([DNS, 'a\0b'], [DNS, 'nul-beside.door.test']) })
  leaf('leading-dot', dns('.door.test'))
  leaf('star-final-dot', dns('*.door.test.'))
  leaf('double-dot', dns('a..door.test', host('double-dot')))
  leaf('spaced', dns(' spaced.door.test'), { host: 'spaced.door.test' })
  leaf('spaced-beside', dns('with space.test', host('spaced-beside')))
  leaf('url-as-dns', dns('https://url-as-dns.door.test'))
  leaf('port-as-dns', dns('port-as-dns.door.test:443'))
  leaf('empty-dns', dns(''))
  leaf('empty-dns-beside', dns('', host('empty-dns-beside')))
  leaf('empty-san', { names: sequence() })
  leaf('empty-san-cn', { names: sequence(), subject: name('CN=empty-san-cn.door.test') })
  leaf('mail-san-cn', { names: alternative([MAIL, 'a@door.test']) })
  leaf('uri-san-cn', { names: alternative([URI, 'https://uri-san-cn.door.test/']) })
  leaf('ip-san-cn', { names: alternative([IP, Buffer.from([127, 0, 0, 1])]) })
  leaf('directory-san-cn', { names: alternative([DIRECTORY, name('CN=x')]) })
  leaf('no-san-two-cn', { names: null, subject: name('CN=elsewhere.test,CN=no-san-two-cn.door.test') })
  leaf('no-san-two-cn-first', {
    names: null,
    subject: name('CN=no-san-two-cn-first.door.test,CN=elsewhere.test'),
  })
  leaf('no-san-star', { names: null, subject: name('CN=*.door.test') })
  leaf(
    'no-san-underscore',
    { names: null, subject: name('CN=no_san.door.test') },
    { host: 'no_san.door.test' },
  )
  leaf('no-san-space', { names: null, subject: name('CN=my door') }, { host: 'door.test' })
  leaf('underscore-star', dns('*.door.test'), { host: 'a_b.door.test' })
  leaf('underscore-base', dns('*.a_b.test'), { host: 'x.a_b.test' })
  leaf('single-label', dns('localhost'), { host: 'localhost' })
  leaf('address-v4', { names: alternative([IP, Buffer.from([127, 0, 0, 1])]) }, { host: '127.0.0.1' })
  leaf('address-wrong', { names: alternative([IP, Buffer.from([127, 0, 0, 2])]) }, { host: '127.0.0.1' })
  leaf(
    'address-mapped',
    { names: alternative([IP, Buffer.from('00000000000000000000ffff7f000001', 'hex')]) },
    { host: '127.0.0.1' },
  )
  leaf('address-five', {
    names: alternative([IP, Buffer.from([127, 0, 0, 1, 0])], [DNS, host('address-five')]),
  })
  leaf(
    'address-masked',
    { names: alternative([IP, Buffer.from([127, 0, 0, 0, 255, 0, 0, 0])]) },
    { host: '127.0.0.1' },
  )
  leaf('address-star', dns('*.0.0.1'), { host: '127.0.0.1' })
  leaf('empty-subject-critical', {
    subject: name(''),
    names: null,
    more: [extension('2.5.29.17', alternative([DNS, host('empty-subject-critical')]), true)],
  })
  leaf('empty-subject-none', { subject: name(''), names: null })
  leaf('many-names', dns(...Array.from({ length: 300 }, (_, at) => `n${at}.door.test`), host('many-names')))
  leaf('long-label', dns(`${'a'.repeat(64)}.door.test`, host('long-label')))

  // Fields.
  leaf('serial-zero', { serial: [0] })
  leaf('serial-negative', { serial: [0x80, 1, 2] })
  leaf('serial-long', { serial: [0x40, ...Array.from({ length: 24 }, () => 7)] })
  leaf('serial-20-padded', { serial: [0, 0x80, ...Array.from({ length: 19 }, () => 7)] })
  leaf('version-4', { version: 3 })
  leaf('version-2-with-extensions', { version: 1 })
  leaf('version-1-with-extensions', { version: 0 })
  leaf('generalized-time', { to: time(90, true) })
  leaf('to-9999', { to: der(0x18, '99991231235959Z') })
  leaf('time-offset', { to: der(0x17, '400101000000+0000') })
  leaf('time-backwards', { from: time(10), to: time(5) })
  leaf('days-398', { from: time(-1), to: time(399) })
  leaf('days-826', { from: time(-1), to: time(830) })
  leaf('days-forty-years', { to: der(0x18, '20660101000000Z') })
  leaf('algorithm-mismatch', { innerAlgorithm: sequence(oid('1.2.840.10045.4.3.3')) })
  leaf('issuer-printable', { issuer: name('CN=rare root', PRINTABLE) })
  leaf('issuer-capitals', { issuer: name('CN=RARE ROOT') })
  leaf('issuer-spaces', { issuer: name('CN=rare  root') })
  leaf('issuer-other', { issuer: name('CN=rare roof') })

  // Extensions.
  leaf('two-san', { more: [extension('2.5.29.17', alternative([DNS, 'x.test']))] })
  leaf('two-usages', { more: [extension('2.5.29.15', usage(0x80), true)] })
  leaf('unknown-extension', { more: [extension('1.2.3.4', octetString(Buffer.from('x')))] })
  leaf('limits-in-leaf', { more: [extension(CONSTRAINTS, limits([[DNS, 'x.test']]), true)] })
  leaf('limits-in-leaf-uncritical', { more: [extension(CONSTRAINTS, limits([[DNS, 'x.test']]))] })
  leaf('policies', { more: [extension('2.5.29.32', sequence(sequence(oid('1.2.3.4'))), true)] })
  leaf('policy-required', { more: [extension('2.5.29.36', sequence(der(0x80, Buffer.from([0]))), true)] })
  leaf('must-staple', { more: [extension('1.3.6.1.5.5.7.1.24', sequence(der(2, Buffer.from([5]))))] })
  leaf('must-staple-critical', {
    more: [extension('1.3.6.1.5.5.7.1.24', sequence(der(2, Buffer.from([5]))), true)],
  })
  leaf('crl-points', {
    more: [
      extension('2.5.29.31', sequence(sequence(der(0xa0, der(0xa0, der(URI, 'http://127.0.0.1:1/x.crl')))))),
    ],
  })
  leaf('crl-points-critical', {
    more: [
      extension(
        '2.5.29.31',
        sequence(sequence(der(0xa0, der(0xa0, der(URI, 'http://127.0.0.1:1/x.crl'))))),
        true,
      ),
    ],
  })
  leaf('poison', { more: [extension('1.3.6.1.4.1.11129.2.4.3', Buffer.from('0500', 'hex'), true)] })
  leaf('netscape', { more: [extension('2.16.840.1.113730.1.1', Buffer.from('03020640', 'hex'))] })
  leaf('netscape-client', { more: [extension('2.16.840.1.113730.1.1', Buffer.from('03020780', 'hex'))] })
  leaf('netscape-client-critical', {
    more: [extension('2.16.840.1.113730.1.1', Buffer.from('03020780', 'hex'), true)],
  })
  leaf('authority-info-critical', {
    more: [
      extension(
        '1.3.6.1.5.5.7.1.1',
        sequence(sequence(oid('1.3.6.1.5.5.7.48.1'), der(URI, 'http://127.0.0.1:1'))),
        true,
      ),
    ],
  })
  leaf('purposes-critical', { purposes: null, more: [extension('2.5.29.37', purposes(SERVER), true)] })
  leaf('purposes-critical-any', { purposes: null, more: [extension('2.5.29.37', purposes(ANY), true)] })
  leaf('purposes-any-and-client', { purposes: purposes(ANY, CLIENT) })
  leaf('purposes-empty', { purposes: sequence() })
  leaf('purposes-gated', { purposes: purposes('2.16.840.1.113730.4.1') })
  leaf('purposes-ms-gated', { purposes: purposes('1.3.6.1.4.1.311.10.3.3') })
  leaf('usage-none', { usage: usage(0) })
  leaf('usage-agreement', { usage: usage(0x08) })
  leaf('usage-sign-only-commitment', { usage: usage(0x40) })
  leaf('usage-uncritical', { usage: null, more: [extension('2.5.29.15', usage(0x80))] })
  leaf('basic-uncritical', { basic: null, more: [extension('2.5.29.19', basic(false))] })
  leaf('basic-path-without-ca', { basic: basic(false, 0) })
  leaf('basic-false-written', { basic: sequence(Buffer.from('010100', 'hex')) })
  leaf('leaf-ca', { basic: basic(true), usage: usage(0x84) })
  leaf('leaf-ca-no-usage', { basic: basic(true), usage: null })
  leaf('leaf-ca-path-0', { basic: basic(true, 0), usage: usage(0x84) })
  leaf('no-subject-key', { subjectKeyId: null })
  leaf('no-authority-key', { authorityKeyId: null })
  leaf('authority-key-mismatch', { authorityKeyId: sequence(der(0x80, Buffer.alloc(20, 7))) })
  leaf('authority-serial-mismatch', {
    authorityKeyId: sequence(der(0xa1, der(0xa4, name('CN=rare root'))), der(0x82, Buffer.from([5]))),
  })
  leaf('authority-issuer-mismatch', {
    authorityKeyId: sequence(der(0xa1, der(0xa4, name('CN=x'))), der(0x82, Buffer.from([5]))),
  })
  leaf('subject-key-critical', {
    subjectKeyId: null,
    more: [extension('2.5.29.14', octetString(Buffer.alloc(20, 1)), true)],
  })
  leaf('authority-key-critical', {
    authorityKeyId: null,
    more: [extension('2.5.29.35', sequence(der(0x80, root.keyId)), true)],
  })
  leaf('subject-key-empty', { subjectKeyId: octetString(Buffer.alloc(0)) })

  // Keys and signatures.
  for (const key of [
    'rsa1024',
    'rsa2047',
    'rsa3072',
    'p224',
    'ed448',
    'rsapss',
    'explicit',
    'exponent3',
    'p384',
  ]) {
    leaf(`key-${key}`, { key })
    rooted(`root-key-${key}`, { key })
  }
  for (const hash of ['sha1', 'sha224', 'sha384', 'sha512']) leaf(`hash-${hash}`, { hash })
  const rsaRoot = rare({ subject: name('CN=rare rsa root'), key: 'rsa2048' })
  for (const hash of ['md5', 'sha1', 'sha224', 'sha384', 'sha512'])
    leaf(`rsa-hash-${hash}`, { hash }, { by: rsaRoot })
  const md5Root = rare({ subject: name('CN=rare md5 root'), key: 'rsa2048', hash: 'md5' })
  leaf('root-md5', {}, { by: md5Root })
  leaf('rsa-no-null', { algorithm: sequence(oid('1.2.840.113549.1.1.11')) }, { by: rsaRoot })
  between('between-sha1', { hash: 'sha1' })
  between('between-p521', { key: 'p521' })
  between('between-ed25519', { key: 'ed25519' })
  between('between-rsa1024', { key: 'rsa1024' })

  // Intermediates.
  between('between', {})
  between('between-not-yet', { from: time(2) })
  between('between-no-usage', { usage: null })
  between('between-no-signing', { usage: usage(0x80) })
  between('between-no-basic', { basic: null })
  between('between-basic-uncritical', { basic: null, more: [extension('2.5.29.19', basic(true))] })
  between('between-v1', { version: 0, extensions: null })
  between('between-any', { purposes: purposes(ANY) })
  between('between-client', { purposes: purposes(CLIENT) })
  between('between-gated', { purposes: purposes('2.16.840.1.113730.4.1') })
  between('between-server-and-client', { purposes: purposes(SERVER, CLIENT) })
  between('between-mail-only', { purposes: purposes('1.3.6.1.5.5.7.3.4') })
  between('between-negative-serial', { serial: [0x80, 1] })
  between('between-zero-serial', { serial: [0] })
  between('between-unknown-critical', { more: [extension('1.2.3.4', octetString(Buffer.from('x')), true)] })
  between('between-no-subject-key', { subjectKeyId: null })
  between('between-no-authority-key', { authorityKeyId: null })
  between('between-limits', { more: [extension(CONSTRAINTS, limits([[DNS, 'x.test']]), true)] })
  between('between-limits-uncritical', { more: [extension(CONSTRAINTS, limits([[DNS, 'x.test']]))] })
  between('between-policy', { more: [extension('2.5.29.32', sequence(sequence(oid('1.2.3.4'))))] })
  between('between-policy-required', {
    more: [extension('2.5.29.36', sequence(der(0x80, Buffer.from([0]))), true)],
  })
  between('between-inhibit', { more: [extension('2.5.29.54', der(2, Buffer.from([0])), true)] })
  between('between-policy-mapping', {
    more: [extension('2.5.29.33', sequence(sequence(oid('1.2.3.4'), oid('1.2.3.5'))), true)],
  })
  const empty = authority('x', { subject: name('') })
  leaf('between-empty-subject', {}, { by: empty, sent: [empty] })
  const middle = authority('chain a', {})
  const deep = authority('chain b', {}, middle)
  leaf('chain', {}, { by: deep, sent: [deep, middle] })
  leaf('chain-unsorted', {}, { by: deep, sent: [middle, deep] })
  leaf('chain-gap', {}, { by: deep, sent: [deep] })
  leaf('chain-twice', {}, { by: deep, sent: [deep, deep, middle, middle] })
  const stranger = authority('stranger', {}, undefined)
  leaf('chain-and-strangers', {}, { by: deep, sent: [stranger, deep, middle] })
  leaf('chain-and-leaf-again', {}, { by: middle, sent: [stranger, middle] })
  let last = root
  const long: RareMade[] = []
  for (let at = 0; at < 8; at++) {
    last = authority(`long ${at}`, {}, last)
    long.unshift(last)
  }
  leaf('chain-long', {}, { by: last, sent: long })
  const zero = authority('path 0', { basic: basic(true, 0) })
  const below = authority('below path 0', {}, zero)
  leaf('path-0-exceeded', {}, { by: below, sent: [below, zero] })
  // Self-issued certificates do not count.
  const again = rare({ subject: zero.subject, basic: basic(true), usage: usage(6), purposes: null }, zero)
  leaf('path-0-self-issued', {}, { by: again, sent: [again, zero] })
  const wrongKey = authority('wrong key', {})
  const namesake = rare(
    { subject: wrongKey.subject, basic: basic(true), usage: usage(6), purposes: null },
    root,
  )
  leaf('between-namesake', {}, { by: wrongKey, sent: [namesake] })
  leaf('between-namesake-first', {}, { by: wrongKey, sent: [namesake, wrongKey] })
  leaf('between-namesake-no-id', { authorityKeyId: null }, { by: wrongKey, sent: [namesake, wrongKey] })

  // Cross-signed: one authority, two certificates.
  const gone = rare({ subject: name('CN=rare gone root'), from: time(-90), to: time(-1) })
  const born = rare({ subject: name('CN=rare new root') })
  const cross = authority('', { subject: born.subject, keys: born.keys }, gone)
  const bornMiddle = authority('cross middle', {}, born)
  leaf('cross-new-trusted', {}, { by: bornMiddle, sent: [bornMiddle, cross], ca: born })
  leaf('cross-both-trusted', {}, { by: bornMiddle, sent: [bornMiddle, cross], ca: [gone, born] })
  const unborn = rare({ subject: name('CN=rare untrusted root') })
  const unbornCross = authority('', { subject: unborn.subject, keys: unborn.keys }, gone)
  const unbornMiddle = authority('untrusted cross middle', {}, unborn)
  leaf('cross-expired-only', {}, { by: unbornMiddle, sent: [unbornMiddle, unbornCross], ca: gone })
  const oldCross = authority('', { subject: born.subject, keys: born.keys, from: time(-9), to: time(-1) })
  leaf('cross-certificate-expired', {}, { by: bornMiddle, sent: [bornMiddle, oldCross], ca: [root, born] })
  const grown = rare({ subject: name('CN=rare two roots'), to: time(-1), from: time(-9) })
  const grownNew = rare({ subject: grown.subject, keys: grown.keys })
  leaf('root-renewed-both', {}, { by: grown, ca: [grown, grownNew] })
  leaf('root-renewed-both-new-first', {}, { by: grown, ca: [grownNew, grown] })
  leaf('root-sent-expired', {}, { by: grown, sent: [grown], ca: grownNew })

  // Roots.
  rooted('root-not-yet', { from: time(2) })
  rooted('root-basic-uncritical', { basic: null, more: [extension('2.5.29.19', basic(true))] })
  rooted('root-client-only', { purposes: purposes(CLIENT) })
  rooted('root-any', { purposes: purposes(ANY) })
  rooted('root-unknown-critical', { more: [extension('1.2.3.4', octetString(Buffer.from('x')), true)] })
  rooted('root-negative-serial', { serial: [0x81] })
  rooted('root-zero-serial', { serial: [0] })
  rooted('root-authority-mismatch', { authorityKeyId: sequence(der(0x80, Buffer.alloc(20, 7))) })
  rooted('root-policy-required', {
    more: [extension('2.5.29.36', sequence(der(0x80, Buffer.from([0]))), true)],
  })
  rooted('root-v1-no-extensions', { version: 0, extensions: null })
  rooted('root-v3-no-extensions', { extensions: null })
  rooted('root-no-basic', { basic: null })
  rooted('root-usage-uncritical', { usage: null, more: [extension('2.5.29.15', usage(6))] })

  // Limits.
  const D = (text: string): General => [DNS, text]
  limited('limit-dns', [D('door.test')], [])
  limited('limit-dns-dot', [D('.door.test')], [])
  limited('limit-dns-dot-self', [D('.limit-dns-dot-self.door.test')], [])
  limited('limit-dns-other', [D('x.test')], [])
  limited('limit-dns-capitals', [D('DOOR.test')], [])
  limited('limit-dns-empty', [D('')], [])
  limited('limit-dns-excluded', [], [D('door.test')])
  limited('limit-dns-excluded-below', [], [D('x.limit-dns-excluded-below.door.test')])
  limited('limit-dns-excluded-wildcard', [], [D('a.door.test')], dns('*.door.test'))
  limited('limit-dns-excluded-all', [], [D('')])
  limited('limit-dns-partial', [D('oor.test')], [])
  limited('limit-dns-wildcard', [D('door.test')], [], dns('*.door.test'))
  limited('limit-dns-wildcard-wide', [D('a.door.test')], [], dns('*.door.test'))
  limited('limit-dns-wildcard-equal', [D('*.door.test')], [])
  limited('limit-two', [D('x.test'), D('door.test')], [])
  limited('limit-some-outside', [D('door.test')], [], dns(host('limit-some-outside'), 'y.test'))
  limited('limit-final-dot', [D('door.test.')], [])
  limited('limit-common-name-ok', [D('door.test')], [], { subject: name('CN=elsewhere.test') })
  limited('limit-common-name-text', [D('door.test')], [], { subject: name('CN=my own door') })
  limited('limit-dns-no-san-text', [D('door.test')], [], { subject: name('CN=my own door'), names: null })
  limited('limit-dns-no-san', [D('door.test')], [], { names: null })
  limited('limit-dns-no-san-outside', [D('x.test')], [], { names: null })
  limited('limit-dns-ip-san-cn', [D('x.test')], [], { names: alternative([IP, Buffer.from([1, 2, 3, 4])]) })
  limited(
    'limit-ip',
    [[IP, Buffer.from([127, 0, 0, 0, 255, 0, 0, 0])]],
    [],
    { names: alternative([IP, Buffer.from([127, 0, 0, 1])]) },
    '127.0.0.1',
  )
  limited(
    'limit-ip-other',
    [[IP, Buffer.from([10, 0, 0, 0, 255, 0, 0, 0])]],
    [],
    { names: alternative([IP, Buffer.from([127, 0, 0, 1])]) },
    '127.0.0.1',
  )
  limited(
    'limit-ip-v6',
    [[IP, Buffer.alloc(32)]],
    [],
    { names: alternative([IP, Buffer.from([127, 0, 0, 1])]) },
    '127.0.0.1',
  )
  limited('limit-ip-only-for-dns', [[IP, Buffer.from([10, 0, 0, 0, 255, 0, 0, 0])]], [])
  limited(
    'limit-ip-odd-mask',
    [[IP, Buffer.from([127, 0, 0, 1, 255, 0, 255, 0])]],
    [],
    { names: alternative([IP, Buffer.from([127, 0, 0, 1])]) },
    '127.0.0.1',
  )
  limited('limit-ip-damaged', [[IP, Buffer.from([127, 0, 0, 1])]], [])
  limited(
    'limit-ip-excluded',
    [],
    [[IP, Buffer.from([127, 0, 0, 0, 255, 0, 0, 0])]],
    { names: alternative([IP, Buffer.from([127, 0, 0, 1])]) },
    '127.0.0.1',
  )
  limited('limit-mail', [[MAIL, 'door.test']], [])
  limited('limit-mail-san', [[MAIL, 'door.test']], [], {
    names: alternative([MAIL, 'a@x.test'], D('limit-mail-san.door.test')),
  })
  limited('limit-mail-san-ok', [[MAIL, 'door.test']], [], {
    names: alternative([MAIL, 'a@door.test'], D('limit-mail-san-ok.door.test')),
  })
  limited('limit-uri', [[URI, 'door.test']], [])
  limited('limit-uri-san', [[URI, 'door.test']], [], {
    names: alternative([URI, 'https://x.test/'], D('limit-uri-san.door.test')),
  })
  limited('limit-uri-san-ok', [[URI, 'door.test']], [], {
    names: alternative([URI, 'https://door.test/'], D('limit-uri-san-ok.door.test')),
  })
  limited('limit-uri-spiffe', [[URI, 'cluster.local']], [], {
    names: alternative([URI, 'spiffe://cluster.local/ns/a/sa/b'], D('limit-uri-spiffe.door.test')),
  })
  limited('limit-directory', [[DIRECTORY, name('O=x')]], [])
  limited('limit-directory-ok', [[DIRECTORY, name('O=x')]], [], {
    subject: name('O=x,CN=limit-directory-ok.door.test'),
  })
  limited('limit-directory-empty-subject', [[DIRECTORY, name('O=x')]], [], { subject: name('') })
  limited('limit-directory-excluded', [], [[DIRECTORY, name('O=x')]], {
    subject: name('O=x,CN=limit-directory-excluded.door.test'),
  })
  limited('limit-directory-not-excluded', [], [[DIRECTORY, name('O=x')]])
  rooted('limit-uncritical', { more: [extension(CONSTRAINTS, limits([D('x.test')]))] })
  rooted('limit-empty', { more: [extension(CONSTRAINTS, sequence(), true)] })
  const limitedRoot = rare({
    subject: name('CN=rare limited above'),
    more: [extension(CONSTRAINTS, limits([D('door.test')]), true)],
  })
  const under = authority('under limited', {}, limitedRoot)
  leaf('limit-two-above', {}, { by: under, sent: [under], ca: limitedRoot })
  leaf('limit-two-above-outside', dns('limit-two-above-outside.x.test'), {
    by: under,
    sent: [under],
    ca: limitedRoot,
    host: 'limit-two-above-outside.x.test',
  })

  // A certificate as its own root.
  const itself = (id: string, row: Rare) => {
    const made = rare({ subject: name(`CN=${host(id)}`), names: alternative([DNS, host(id)]), ...row })
    rows.push({ id, host: host(id), chain: [made.pem], keyPem: made.keyPem, ca: made.pem })
  }
  itself('self-ca', { usage: usage(0x84) })
  itself('self-ca-no-usage', { usage: null })
  itself('self-leaf', { basic: basic(false), usage: usage(0x80), purposes: purposes(SERVER) })
  itself('self-no-basic', { basic: null, usage: usage(0x80) })
  itself('self-expired', { usage: usage(0x84), from: time(-9), to: time(-1) })
  itself('self-sha1', { usage: usage(0x84), key: 'rsa2048', hash: 'sha1' })
  itself('self-rsa1024', { usage: usage(0x84), key: 'rsa1024' })
  itself('self-unknown-critical', {
    usage: usage(0x84),
    more: [extension('1.2.3.4', octetString(Buffer.from('x')), true)],
  })
  itself('self-limits', { usage: usage(0x84), more: [extension(CONSTRAINTS, limits([D('x.test')]), true)] })
  itself('self-client-only', { basic: basic(false), usage: usage(0x80), purposes: purposes(CLIENT) })
  itself('self-no-san', { usage: usage(0x84), names: null })
  itself('self-v1', { version: 0, extensions: null })
  itself('self-negative-serial', { usage: usage(0x84), serial: [0x81] })
  // A leaf that is trusted itself, without its root.
  const unseen = rare({ subject: name('CN=rare unseen root') })
  const pinned = rare(
    { subject: name('CN=pinned.door.test'), names: alternative([DNS, 'pinned.door.test']) },
    unseen,
  )
  rows.push({
    id: 'leaf-trusted',
    host: 'pinned.door.test',
    chain: [pinned.pem],
    keyPem: pinned.keyPem,
    ca: pinned.pem,
  })

  // More of the above.
  const spelled = (id: string, of: Uint8Array, issuer: Uint8Array) => {
    const spelt = authority(id, { subject: of })
    leaf(id, { issuer }, { by: spelt, sent: [spelt] })
  }
  spelled('between-printable', name('CN=rare spelled a'), name('CN=rare spelled a', PRINTABLE))
  spelled('between-capitals', name('CN=rare spelled b'), name('CN=RARE spelled b'))
  spelled(
    'between-capitals-printable',
    name('CN=rare spelled c', PRINTABLE),
    name('CN=RARE spelled c', PRINTABLE),
  )
  spelled('between-spaces', name('CN=rare spelled d'), name('CN= rare  spelled d'))
  spelled(
    'between-spaces-printable',
    name('CN=rare spelled e', PRINTABLE),
    name('CN=rare  spelled e', PRINTABLE),
  )
  spelled('between-order', name('CN=rare spelled f,O=x'), name('O=x,CN=rare spelled f'))
  leaf('two-unknown', {
    more: [
      extension('1.2.3.4', octetString(Buffer.from('x'))),
      extension('1.2.3.4', octetString(Buffer.from('x'))),
    ],
  })
  leaf('two-policies', {
    more: [
      extension('2.5.29.32', sequence(sequence(oid('1.2.3.4')))),
      extension('2.5.29.32', sequence(sequence(oid('1.2.3.4')))),
    ],
  })
  leaf('two-authority-infos', {
    more: [1, 2].map(() =>
      extension(
        '1.3.6.1.5.5.7.1.1',
        sequence(sequence(oid('1.3.6.1.5.5.7.48.1'), der(URI, 'http://127.0.0.1:1'))),
      ),
    ),
  })
  leaf('mail-latin1-beside', {
    names: alternative([MAIL, Buffer.from('ü@x.test', 'latin1')], [DNS, host('mail-latin1-beside')]),
  })
  leaf('uri-odd-beside', { names: alternative([URI, 'not a uri at all %zz'], [DNS, host('uri-odd-beside')]) })
  leaf('uri-no-host-beside', { names: alternative([URI, 'urn:x'], [DNS, host('uri-no-host-beside')]) })
  leaf('uri-odd-host-beside', {
    names: alternative([URI, 'spiffe://a_b/c'], [DNS, host('uri-odd-host-beside')]),
  })
  leaf('other-kind-beside', {
    names: alternative(
      [0xa0, Buffer.concat([oid('1.2.3'), der(0xa0, der(12, 'x'))])],
      [DNS, host('other-kind-beside')],
    ),
  })
  leaf('registered-id-beside', {
    names: alternative([0x88, Buffer.from('2a03', 'hex')], [DNS, host('registered-id-beside')]),
  })
  leaf('unknown-kind-beside', { names: alternative([0x89, 'x'], [DNS, host('unknown-kind-beside')]) })
  leaf('extensions-none', { version: 2, extensions: null, subject: name('CN=extensions-none.door.test') })
  rooted('root-extensions-empty', { noExtensions: true })
  leaf('extensions-empty', { noExtensions: true })
  leaf('rsa-pss-signature', { pss: true }, { by: rsaRoot })
  leaf('rsa-pss-root-key', {}, { by: rare({ subject: name('CN=rare pss own'), key: 'rsa2048', pss: true }) })
  for (const size of ['rsa1960', 'rsa1970']) leaf(`key-${size}`, { key: size })
  between('between-version-1-with-extensions', { version: 0 })
  between('between-empty-issuer-usage', { usage: usage(0x82) })
  between('between-two-basic', { more: [extension('2.5.29.19', basic(true), true)] })
  between('between-authority-mismatch', { authorityKeyId: sequence(der(0x80, Buffer.alloc(20, 7))) })
  between('between-subject-key-mismatch', { subjectKeyId: octetString(Buffer.alloc(20, 9)) })
  between('between-netscape-client', {
    more: [extension('2.16.840.1.113730.1.1', Buffer.from('03020780', 'hex'))],
  })
  between('between-crl-critical', {
    more: [
      extension(
        '2.5.29.31',
        sequence(sequence(der(0xa0, der(0xa0, der(URI, 'http://127.0.0.1:1/x.crl'))))),
        true,
      ),
    ],
  })
  between('between-long-ago', { from: der(0x18, '19400101000000Z') })
  between('between-path-0', { basic: basic(true, 0) })
  between('between-empty-purposes', { purposes: sequence() })
  between('between-purposes-critical', {
    purposes: null,
    more: [extension('2.5.29.37', purposes(SERVER), true)],
  })
  rooted('root-version-1-with-extensions', { version: 0 })
  rooted('root-empty-subject', { subject: name('') })
  rooted('root-no-signing', { usage: usage(0x80) })
  rooted('root-two-basic', { more: [extension('2.5.29.19', basic(true), true)] })
  rooted('root-empty-purposes', { purposes: sequence() })
  rooted('root-crl-critical', {
    more: [
      extension(
        '2.5.29.31',
        sequence(sequence(der(0xa0, der(0xa0, der(URI, 'http://127.0.0.1:1/x.crl'))))),
        true,
      ),
    ],
  })
  rooted('root-expired-2', { from: time(-9), to: time(-1) })
  rooted('root-md5-ec', { key: 'rsa2048', hash: 'md5' })
  rooted('root-netscape-client', {
    more: [extension('2.16.840.1.113730.1.1', Buffer.from('03020780', 'hex'))],
  })
  limited('limit-dns-excluded-wildcard-deep', [], [D('b.a.door.test')], dns('*.door.test'))
  limited('limit-dns-excluded-wildcard-same', [], [D('door.test')], dns('*.door.test'))
  limited('limit-dns-star-base', [D('*.door.test')], [], dns('*.door.test'))
  const anywhere: General = [IP, Buffer.alloc(8)]
  const here: General = [IP, Buffer.from([127, 0, 0, 1])]
  limited(
    'limit-ip-cn-outside',
    [D('x.test'), anywhere],
    [],
    { subject: name('CN=a.door.test'), names: alternative(here) },
    '127.0.0.1',
  )
  limited(
    'limit-ip-cn-text',
    [D('x.test'), anywhere],
    [],
    { subject: name('CN=my door'), names: alternative(here) },
    '127.0.0.1',
  )
  limited(
    'limit-ip-cn-address',
    [D('x.test'), anywhere],
    [],
    { subject: name('CN=127.0.0.1'), names: alternative(here) },
    '127.0.0.1',
  )
  limited(
    'limit-ip-cn-label',
    [D('x.test'), anywhere],
    [],
    { subject: name('CN=door'), names: alternative(here) },
    '127.0.0.1',
  )
  limited(
    'limit-ip-cn-underscore',
    [D('x.test'), anywhere],
    [],
    { subject: name('CN=a_b.door.test'), names: alternative(here) },
    '127.0.0.1',
  )
  limited(
    'limit-ip-cn-star',
    [D('x.test'), anywhere],
    [],
    { subject: name('CN=*.door.test'), names: alternative(here) },
    '127.0.0.1',
  )
  limited(
    'limit-ip-cn-dash',
    [D('x.test'), anywhere],
    [],
    { subject: name('CN=-a.door.test'), names: alternative(here) },
    '127.0.0.1',
  )
  limited(
    'limit-ip-cn-dot',
    [D('x.test'), anywhere],
    [],
    { subject: name('CN=a.door.test.'), names: alternative(here) },
    '127.0.0.1',
  )
  limited('limit-mail-subdomain', [[MAIL, 'door.test']], [], {
    names: alternative([MAIL, 'a@b.door.test'], D('limit-mail-subdomain.door.test')),
  })
  limited('limit-mail-dot', [[MAIL, '.door.test']], [], {
    names: alternative([MAIL, 'a@b.door.test'], D('limit-mail-dot.door.test')),
  })
  limited('limit-mail-box', [[MAIL, 'a@door.test']], [], {
    names: alternative([MAIL, 'a@door.test'], D('limit-mail-box.door.test')),
  })
  limited('limit-mail-box-other', [[MAIL, 'a@door.test']], [], {
    names: alternative([MAIL, 'A@DOOR.test'], D('limit-mail-box-other.door.test')),
  })
  limited('limit-mail-excluded', [], [[MAIL, 'door.test']], {
    names: alternative([MAIL, 'a@door.test'], D('limit-mail-excluded.door.test')),
  })
  limited('limit-mail-subject', [[MAIL, 'door.test']], [], {
    subject: name('CN=limit-mail-subject.door.test,E=a@x.test'),
  })
  limited('limit-uri-subdomain', [[URI, 'door.test']], [], {
    names: alternative([URI, 'https://a.door.test/'], D('limit-uri-subdomain.door.test')),
  })
  limited('limit-uri-dot', [[URI, '.door.test']], [], {
    names: alternative([URI, 'https://a.door.test/'], D('limit-uri-dot.door.test')),
  })
  limited('limit-uri-urn', [[URI, 'door.test']], [], {
    names: alternative([URI, 'urn:x'], D('limit-uri-urn.door.test')),
  })
  limited('limit-uri-address', [[URI, 'door.test']], [], {
    names: alternative([URI, 'https://127.0.0.1/'], D('limit-uri-address.door.test')),
  })
  limited('limit-uri-excluded', [], [[URI, 'x.test']], {
    names: alternative([URI, 'https://door.test/'], D('limit-uri-excluded.door.test')),
  })
  limited('limit-directory-capitals', [[DIRECTORY, name('O=X')]], [], {
    subject: name('O=x,CN=limit-directory-capitals.door.test'),
  })
  limited('limit-directory-longer', [[DIRECTORY, name('O=x,CN=limit-directory-longer.door.test')]], [], {
    subject: name('O=x'),
  })
  limited('limit-registered', [[0x88, Buffer.from('2a03', 'hex')]], [])
  rooted('limit-directory-uncritical', { more: [extension(CONSTRAINTS, limits([[DIRECTORY, name('O=x')]]))] })
  const both = authority(
    'limits in two',
    { more: [extension(CONSTRAINTS, limits([D('x.test')]), true)] },
    limitedRoot,
  )
  leaf('limit-two-authorities', {}, { by: both, sent: [both], ca: limitedRoot })
  const outsider = authority('outsider', { names: alternative([DNS, 'evil.test']) }, limitedRoot)
  leaf('limit-intermediate-san', {}, { by: outsider, sent: [outsider], ca: limitedRoot })
  const outsiderCn = authority('', { subject: name('CN=evil.test') }, limitedRoot)
  leaf('limit-intermediate-cn', {}, { by: outsiderCn, sent: [outsiderCn], ca: limitedRoot })
  const needing = (id: string, middleRow: Rare, leafRow: Rare) => {
    const explicit = authority(id, {
      more: [extension('2.5.29.36', sequence(der(0x80, Buffer.from([0]))), true), ...(middleRow.more ?? [])],
    })
    leaf(id, leafRow, { by: explicit, sent: [explicit] })
  }
  const policy = (id: string) => extension('2.5.29.32', sequence(sequence(oid(id))))
  needing('policy-given', { more: [policy('1.2.3.4')] }, { more: [policy('1.2.3.4')] })
  needing('policy-other', { more: [policy('1.2.3.4')] }, { more: [policy('1.2.3.5')] })
  needing('policy-any', { more: [policy('2.5.29.32.0')] }, { more: [policy('1.2.3.5')] })
  needing('policy-leaf-only', {}, { more: [policy('1.2.3.4')] })
  const demanding = {
    more: [extension('2.5.29.36', sequence(der(0x80, Buffer.from([0]))), true), policy('2.5.29.32.0')],
  }
  leaf('policy-asked-by-leaf', demanding)
  const quiet = authority('quiet', {})
  leaf('policy-asked-by-leaf-below', demanding, { by: quiet, sent: [quiet] })
  limited(
    'limit-dns-final-dot-beside',
    [D('door.test')],
    [],
    dns(host('limit-dns-final-dot-beside'), 'a.door.test.'),
  )
  limited(
    'limit-ip-final-dot',
    [[IP, Buffer.alloc(8)]],
    [],
    { names: alternative([IP, Buffer.from([127, 0, 0, 1])], D('a.door.test.')) },
    '127.0.0.1',
  )
  limited('limit-dns-urn-beside', [D('door.test')], [], {
    names: alternative(D(host('limit-dns-urn-beside')), [URI, 'urn:x']),
  })
  limited('limit-dns-spiffe-beside', [D('door.test')], [], {
    names: alternative(D(host('limit-dns-spiffe-beside')), [URI, 'spiffe://cluster.local/ns/a/sa/b']),
  })
  itself('self-usage-ca', { basic: null, usage: usage(0x84) })
  itself('self-v3-plain', { extensions: null })
  itself('self-ca-no-signing', { usage: usage(0x80) })
  itself('self-sha1-ec', { usage: usage(0x84), hash: 'sha1' })
  itself('self-not-yet', { usage: usage(0x84), from: time(2) })
  itself('self-authority-mismatch', {
    usage: usage(0x84),
    authorityKeyId: sequence(der(0x80, Buffer.alloc(20, 7))),
  })
  return rows
}
