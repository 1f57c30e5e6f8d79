import { describe, expect, it } from 'vitest'
import { definePolicy } from '../../vcl-ts/index.ts'
import { always, open } from '../journey/site.ts'

/** `deliver` makes up its mind several turns of the event loop after the body has begun to arrive. */
const SLOW = definePolicy({
  async deliver({ resp }) {
    for (let i = 0; i < 20; i++) await new Promise<void>((resolve) => setImmediate(resolve))
    resp.headers.set('X-Late', 'yes')
  },
})

describe('an answer whose delivery is decided late', () => {
  it.each(['no-store', 'max-age=60', 'max-age=0'])('is whole, although nobody read while it arrived (%s)', async (control) => {
    const site = await open(always({ 'Cache-Control': control }, 'x'.repeat(3_000_000)), { policy: SLOW })
    const answers = await Promise.all([1, 2, 3].map(() => site.get('/')))
    for (const answer of answers) expect([answer.status, answer.body.length]).toEqual([200, 3_000_000])
  })
})
