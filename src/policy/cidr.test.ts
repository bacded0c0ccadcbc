import assert from 'node:assert/strict'
import { test } from 'node:test'
import { inCidr, parseAddress, parseCidr } from './cidr.ts'

const rows: readonly (readonly [cidr: string, address: string, want: boolean | 'bad', why: string])[] = [
  ['10.0.0.0/8', '10.255.1.2', true, 'inside'],
  ['10.0.0.0/8', '11.0.0.1', false, 'outside'],
  ['10.1.2.3', '10.1.2.3', true, 'one address is its own range'],
  ['10.1.2.3', '10.1.2.4', false, 'and no other'],
  ['10.1.2.3/24', '10.1.2.200', true, 'host bits do not matter'],
  ['0.0.0.0/0', '203.0.113.9', true, 'everything of IPv4'],
  ['0.0.0.0/0', '2001:db8::1', false, 'and nothing of IPv6'],
  ['2001:db8::/32', '2001:db8:1::5', true, 'IPv6 inside'],
  ['2001:db8::/32', '2001:db9::5', false, 'IPv6 outside'],
  ['::ffff:10.0.0.1', '10.0.0.1', false, 'a mapped address is IPv6'],
  ['::1', '0:0:0:0:0:0:0:1', true, 'both spellings of one address'],
  ['fe80::1%eth0', 'fe80::1', true, 'the zone of an address is left out'],
  ['fe80::%eth0/64', 'fe80::1', 'bad', 'a range has no zone'],
  ['10.0.0.0/33', '10.0.0.1', 'bad', 'too long a prefix'],
  ['10.0.0/8', '10.0.0.1', 'bad', 'three parts'],
  ['010.0.0.1', '10.0.0.1', 'bad', 'a leading zero'],
  ['10.0.0.0/08', '10.0.0.1', 'bad', 'a leading zero in the prefix'],
  ['1:2:3:4:5:6:7:8:9', '::1', 'bad', 'nine groups'],
  ['1::2::3', '::1', 'bad', 'two gaps'],
  ['1:2:3:4:5:6:7::8', '1:2:3:4:5:6:7:8', 'bad', 'a gap for nothing'],
  ['', '10.0.0.1', 'bad', 'nothing'],
]

for (const [cidr, address, want, why] of rows) {
  test(`${cidr || 'an empty range'} and ${address}: ${why}`, () => {
    const range = parseCidr(cidr)
    assert.equal(range === undefined ? 'bad' : inCidr(range, parseAddress(address)), want)
  })
}
