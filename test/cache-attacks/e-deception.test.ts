import { afterEach, describe, expect, test } from 'vitest'
import type { RawResponse } from '../support/raw-client.ts'
import { type Fields, PERSONAL, type Reply, type Rig, type Seen, start } from './rig.ts'
import { detours } from './targets.ts'

let rig: Rig
afterEach(() => rig.close())

const TARGETS = detours('/account')

const MARKS: readonly (readonly [title: string, fields: Fields])[] = [
  ['private', [['Cache-Control', 'private, max-age=3600']]],
  ['no-store', [['Cache-Control', 'no-store']]],
  [
    'with a cookie',
    [
      ['Cache-Control', 'max-age=3600'],
      ['Set-Cookie', 'session=new'],
    ],
  ],
  ['with nothing but a body', []],
  ['only fresh', [['Cache-Control', 'max-age=3600']]],
]

/** A framework that finds `/account` in anything that resembles it. */
function personal(fields: Fields) {
  return (seen: Seen): Reply => ({
    fields: [['Content-Type', 'text/css'], ...fields],
    body: `${PERSONAL} page of ${seen.get('cookie') ?? 'nobody'}`,
  })
}

async function visit(target: string, cookie: Fields): Promise<RawResponse> {
  return rig.get(target, cookie)
}

describe('a personal page under a name that looks static (“Gotta cache ’em all”)', () => {
  test.each(MARKS)('marked %s is served to nobody else', async (_title, fields) => {
    rig = await start(personal(fields))
    const leaks: string[] = []
    let served = 0
    for (const target of TARGETS) {
      const victim = await visit(target, [['Cookie', 'session=victim']])
      if (victim.status === 400) continue // `#` and `\` are no part of a target
      served++
      const other = await visit(target, [['Cookie', 'session=attacker']])
      if (!victim.body.includes('session=victim') || !other.body.includes('session=attacker')) leaks.push(target)
    }
    expect(leaks).toEqual([])
    expect(served).toBeGreaterThan(395)
    expect(rig.stat('n_object')).toBe(0)
    expect(rig.stat('cache_hit')).toBe(0)
  })

  test('marked private is not served to a client without cookies either, nor is its own kept for others', async () => {
    rig = await start(personal([['Cache-Control', 'private, max-age=3600']]))
    for (const target of TARGETS.filter((_, i) => i % 5 === 0)) {
      await visit(target, [['Cookie', 'session=victim']])
      const anonymous = await visit(target, [])
      if (anonymous.status !== 400) expect(anonymous.body.toString()).toBe(`${PERSONAL} page of nobody`)
      expect((await visit(target, [])).get('x-cache')).not.toBe('HIT')
    }
  })
})

describe('by default', () => {
  test.each(['/x.css', '/x.js', '/x.png', '/static/x.woff2', '/favicon.ico', '/robots.txt'])(
    'nothing in the name of %s makes an answer cacheable',
    async (target) => {
      rig = await start((seen) => ({ fields: [['Content-Type', 'text/css']], body: `number ${seen.number}` }))
      expect((await rig.get(target)).body.toString()).toBe('number 1')
      expect((await rig.get(target)).body.toString()).toBe('number 2')
      expect(rig.stat('n_object')).toBe(0)
    },
  )
})
