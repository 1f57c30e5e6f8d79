import { describe, expect, it } from 'vitest'
import { acl } from '../../vcl-ts/acl.ts'

describe('an address list', () => {
  it('matches addresses and networks', () => {
    const list = acl('10.0.0.0/8', '192.0.2.7', '2001:db8::/32')
    for (const ip of ['10.255.0.1', '192.0.2.7', '2001:db8::1', '2001:DB8:0:0:0:0:0:1']) expect(list.matches(ip)).toBe(true)
    for (const ip of ['11.0.0.1', '9.255.255.255', '192.0.2.6', '2001:db9::1', '::1']) expect(list.matches(ip)).toBe(false)
  })

  it('lets the most specific entry decide, wherever it stands', () => {
    for (const list of [acl('10.0.0.0/8', '!10.1.0.0/16', '10.1.2.3'), acl('10.1.2.3', '!10.1.0.0/16', '10.0.0.0/8')]) {
      expect(list.matches('10.2.0.1')).toBe(true)
      expect(list.matches('10.1.0.1')).toBe(false)
      expect(list.matches('10.1.2.3')).toBe(true)
    }
  })

  it('tells which entry decided, as it was written', () => {
    const list = acl('10.0.0.0/8', '!10.1.0.0/16', '::/0')
    expect(['10.2.0.1', '10.1.0.1', '2001:db8::1', '11.0.0.1', 'nobody'].map(list.entryFor)).toEqual([
      '10.0.0.0/8',
      '!10.1.0.0/16',
      '::/0',
      null,
      null,
    ])
  })

  it.each([
    ['10.0.0.0/9', '10.127.255.255', '10.128.0.0'],
    ['10.0.0.0/15', '10.1.255.255', '10.2.0.0'],
    ['10.0.0.0/17', '10.0.127.255', '10.0.128.0'],
    ['10.0.0.4/31', '10.0.0.5', '10.0.0.6'],
    ['2001:db8:8000::/33', '2001:db8:ffff::', '2001:db8:7fff::'],
    ['2001:db8::8/125', '2001:db8::f', '2001:db8::10'],
  ])('knows where %s ends', (entry, inside, outside) => {
    expect(acl(entry).matches(inside)).toBe(true)
    expect(acl(entry).matches(outside)).toBe(false)
  })

  it('takes an IPv4-mapped IPv6 address for the IPv4 address', () => {
    const list = acl('10.0.0.0/8', '!10.1.2.3')
    expect(list.matches('::ffff:10.0.0.1')).toBe(true)
    expect(list.matches('::ffff:a00:1')).toBe(true)
    expect(list.matches('0:0:0:0:0:FFFF:10.0.0.1')).toBe(true)
    expect(list.matches('::ffff:10.1.2.3')).toBe(false)
    expect(acl('::ffff:10.0.0.0/104').matches('10.9.9.9')).toBe(true)
  })

  it('keeps IPv4 and IPv6 apart', () => {
    expect(acl('::/0').matches('10.0.0.1')).toBe(false)
    expect(acl('0.0.0.0/0').matches('::1')).toBe(false)
    expect(acl('0.0.0.0/0').matches('255.255.255.255')).toBe(true)
    expect(acl('::/0').matches('ffff::')).toBe(true)
  })

  it('ignores a zone id', () => {
    expect(acl('fe80::/10').matches('fe80::1%eth0')).toBe(true)
    expect(acl('!fe80::1', 'fe80::/10').matches('fe80::1%25lo')).toBe(false)
  })

  it.each(['', 'localhost', '10.0.0', '10.0.0.256', '010.0.0.1', '10.0.0.1 ', '1::2::3', '1:2:3:4:5:6:7', '::10.0.0.1:1', ':1', 'g::'])(
    'does not match %j, which is no address',
    (text) => {
      expect(acl('0.0.0.0/0', '::/0').matches(text)).toBe(false)
    },
  )

  it('matches nothing when it is empty or only negated', () => {
    expect(acl().matches('127.0.0.1')).toBe(false)
    expect(acl('!10.0.0.1').matches('10.0.0.2')).toBe(false)
  })

  it.each(['localhost', '10.0.0.0/33', '10.0.0.1/8', '::1/64', '2001:db8::/129', '10.0.0.0/', '!!10.0.0.1', 'fe80::1%eth0', '', 7])(
    'refuses the entry %s',
    (entry) => {
      expect(() => acl(entry as string)).toThrow(TypeError)
    },
  )

  it('refuses an entry that is both listed and negated', () => {
    expect(() => acl('10.0.0.0/8', '!10.0.0.0/8')).toThrow(/contradict/)
    expect(() => acl('10.0.0.0/8', '10.0.0.0/8')).not.toThrow()
  })

  it('is the same list under a name, and has none before', () => {
    const list = acl('10.0.0.0/8', '!10.1.2.3')
    const office = list.named('office')
    expect([list.name, office.name]).toEqual([null, 'office'])
    expect(office.entries).toEqual(list.entries)
    expect([office.matches('10.9.9.9'), office.matches('10.1.2.3')]).toEqual([true, false])
    expect(office.entryFor('10.1.2.3')).toBe('!10.1.2.3')
  })
})
