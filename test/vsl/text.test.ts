import { describe, expect, it } from 'vitest'
import { groupText } from '../../src/vsl/log-text.ts'
import { fieldText, recordText } from '../../src/vsl/record-text.ts'
import type { Leveled } from '../../src/vsl/transaction.ts'
import fc from '../support/properties.ts'

describe('the text of a group', () => {
  const at = (level: number): Leveled => ({
    type: level === 2 ? 'bereq' : 'req',
    vxid: 1000 + level,
    parent: 0,
    reason: '',
    level,
    records: [
      ['ReqMethod', 'GET'],
      ['End', ''],
    ],
  })

  it('is varnishlog’s: a title, and a line a record, indented by level, an empty line behind the group', () => {
    expect(groupText([at(1), at(2), at(4)])).toBe(
      `*   << Request  >> 1001
-   ReqMethod      GET
-   End
**  << BeReq    >> 1002
--  ReqMethod      GET
--  End
*4* << Request  >> 1004
-4- ReqMethod      GET
-4- End

`,
    )
  })

  it('has the records that are wanted, and no transaction without any', () => {
    expect(groupText([at(1)], (tag) => tag === 'End')).toBe('*   << Request  >> 1001\n-   End\n\n')
    expect(groupText([at(1)], (tag) => tag === 'Hit')).toBe('')
  })

  it('has id and side of raw records', () => {
    expect(groupText([{ ...at(2), level: 0 }])).toBe('      1002 ReqMethod      b GET\n      1002 End            b\n')
    expect(groupText([{ ...at(1), type: 'raw', vxid: 0, level: 0, records: [['CLI', 'Rd ping']] }])).toBe(
      '         0 CLI            - Rd ping\n',
    )
  })
})

describe('the text of a record', () => {
  it('is one line of printable ASCII, at most 4 KiB long, whatever came', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 6000 }), (text) => {
        expect(recordText(text)).toMatch(/^[\x20-\x7e]*$/)
        expect(recordText(text).length).toBeLessThanOrEqual(4096)
      }),
    )
    expect(recordText('a\r\nb\x1b[2Jc"\\')).toBe('a\\x0d\\x0ab\\x1b[2Jc"\\')
    expect(recordText('x'.repeat(5000))).toBe(`${'x'.repeat(4093)}...`)
    expect(recordText('x'.repeat(4096))).toBe('x'.repeat(4096))
  })

  it.each([
    ['Cookie', 'a=1; b=2;c', 'a=***; b=***;***'],
    ['Set-Cookie', 'a=1; Path=/; HttpOnly', 'a=***; Path=/; HttpOnly'],
    ['Set-Cookie', 'geheim', '***'],
    ['Authorization', 'Basic YTpi', 'Basic ***'],
    ['Authorization', 'YTpi', '***'],
    ['Proxy-Authorization', 'Digest a="b", c', 'Digest ***'],
    ['X-Api-Key', 'geheim', '***'],
    ['X-Auth-Token', 'geheim', '***'],
    ['Referer', 'http://a:b@c/?token=x&d=e', 'http://***@c/?token=***&d=e'],
    ['Surrogate-Key', 'a b', 'a b'],
    ['X-Cache-Key', 'a', 'a'],
  ])('has of %s: %s no secret', (name, value, shown) => {
    expect(fieldText(name, value)).toBe(`${name}: ${shown}`)
  })
})
