/** Bans over what several workers store and fetch, and when they are forgotten. */

import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { COMPLETE } from '../../../src/body/body.ts'
import type { Claim } from '../../../src/object/claim.ts'
import { BookTable } from '../../../src/object/shared/book-table.ts'
import { PortChannel } from '../../../src/object/shared/channel.ts'
import { Control } from '../../../src/object/shared/control.ts'
import { Stacks } from '../../../src/object/shared/stacks.ts'
import { StoredBody } from '../../../src/object/stored-body.ts'
import { claimOf, fillingFor, type ObjectOptions, object, variantOf } from '../things.ts'
import { PLAIN, Rig } from './rig.ts'

describe('a ban', () => {
  it('takes what it names from all, and counts it once', async () => {
    const rig = new Rig()
    rig.keep(rig.a, { key: '2:/a1:h', ...plain('red') })
    rig.keep(rig.b, { key: '2:/b1:h', ...plain('red') })
    rig.keep(rig.b, { key: '2:/c1:h', ...plain('blue') })
    for (const table of [rig.a, rig.b]) for (const key of ['2:/a1:h', '2:/b1:h', '2:/c1:h']) rig.hit(table, { key })
    const { invalidation } = rig.workers[1] as NonNullable<(typeof rig.workers)[1]>
    expect(await invalidation.purge({ by: 'ban', expression: 'obj.http.x-color == red' }, false)).toMatchObject({
      objects: 2,
      complete: true,
    })
    for (const table of [rig.a, rig.b])
      expect(['2:/a1:h', '2:/b1:h', '2:/c1:h'].map((key) => rig.hit(table, { key }) !== null)).toEqual([false, false, true])
  })

  describe('takes nothing that it does not name', () => {
    const RED = 'obj.http.x-color == red'
    const KEYS = ['2:/a1:h', '2:/b1:h']

    /** Both are in the table for both workers to see, then what is banned is gone. */
    const expectBlueAlone = async (rig: Rig): Promise<void> => {
      await rig.settle(20)
      rig.takeNotices()
      for (const table of [rig.a, rig.b]) expect(KEYS.map((key) => rig.hit(table, { key }) !== null)).toEqual([false, true])
      expect(rig.entries).toBe(1)
      expect(rig.librarian.invalidation.gauges()).toMatchObject({ bans: 1, bans_completed: 1 })
    }
    /** It is forgotten only after workers have heard of it. */
    const banSlowly = async (rig: Rig): Promise<void> => {
      await rig.librarian.librarian?.ban(RED)
      await rig.settle()
      rig.clock.advance(1000)
      await rig.settle()
    }
    const keepBoth = (rig: Rig): void => {
      for (const [at, color] of ['red', 'blue'].entries()) rig.keep(rig.b, { key: KEYS[at] as string, ttl: 3600, ...plain(color) })
    }

    it('though it was stored after all that is stored had been looked at', async () => {
      const rig = new Rig()
      const { takeNotices } = Stacks.prototype
      once(Stacks.prototype, 'takeNotices', function (this: Stacks) {
        takeNotices.call(this)
        keepBoth(rig)
      })
      await rig.librarian.librarian?.ban(RED)
      await expectBlueAlone(rig)
    })

    it('though it was stored before the ban was there for its worker, and its fetch was over after that', async () => {
      const rig = new Rig()
      const { set } = Object.getOwnPropertyDescriptor(Control.prototype, 'head') as { readonly set: (position: number) => void }
      const head = vi.spyOn(Control.prototype, 'head', 'set').mockImplementationOnce(function (this: Control, position) {
        keepBoth(rig)
        set.call(this, position)
      })
      onTestFinished(() => head.mockRestore())
      await rig.librarian.librarian?.ban(RED)
      await expectBlueAlone(rig)
    })

    it('though another ban came while its bytes were taken over', async () => {
      const rig = new Rig()
      const { invalidation } = rig.workers[1] as NonNullable<(typeof rig.workers)[1]>
      const banned = invalidation.purge({ by: 'ban', expression: RED }, false)
      const body = new StoredBody(Buffer.alloc(100_000, 'x'))
      for (const [at, color] of ['red', 'blue'].entries()) rig.keep(rig.a, { key: KEYS[at] as string, ttl: 3600, body, ...plain(color) })
      rig.takeNotices()
      expect(rig.entries).toBe(2)
      expect(await banned).toMatchObject({ objects: 1, complete: true })
      rig.find(rig.b, { key: KEYS[1] as string })
      await expectBlueAlone(rig)
    })

    it('though a purge is on its way through what is stored', async () => {
      const rig = new Rig({ lurkerAge: 1 })
      keepBoth(rig)
      const { purgeSubject } = BookTable.prototype
      const gate = Promise.withResolvers<void>()
      once(BookTable.prototype, 'purgeSubject', async function (this: BookTable, ...args: Parameters<typeof purgeSubject>) {
        const result = await purgeSubject.apply(this, args)
        await gate.promise
        return result
      })
      const purged = rig.librarian.librarian?.purgeSubject({ by: 'tags', tags: ['other'] }, false)
      await banSlowly(rig)
      expect(KEYS.map((key) => rig.hit(rig.a, { key }) !== null)).toEqual([false, true])
      gate.resolve()
      await purged
      await expectBlueAlone(rig)
    })

    it('though it was on its way, and takes what it names of that, too', async () => {
      const rig = new Rig({ lurkerAge: 1 })
      const fillings = ['red', 'blue'].map((color, at) => {
        const key = KEYS[at] as string
        const claim = claimOf(rig.find(rig.b, { key }))
        const { filling, object: made } = fillingFor(rig.b, {
          key,
          ttl: 3600,
          position: claim.position,
          at: rig.clock.now(),
          ...plain(color),
        })
        rig.b.publish(claim, made, PLAIN, variantOf(PLAIN, {}), true)
        return filling
      })
      await banSlowly(rig)
      // It is forgotten while they arrive: who brings a film does not hold up bans.
      expect(rig.librarian.invalidation.gauges()).toMatchObject({ bans: 1, bans_completed: 1 })
      for (const filling of fillings) {
        filling.chunk(Buffer.from('whole'))
        filling.end(COMPLETE)
      }
      await expectBlueAlone(rig)
    })

    it('though it was fetched by a worker of which the librarian did not know that', async () => {
      const rig = new Rig({ lurkerAge: 1 })
      const untold = vi.spyOn(Control.prototype, 'setOldestFlight').mockReturnValue()
      const claims = KEYS.map((key) => claimOf(rig.find(rig.b, { key })))
      untold.mockRestore()
      expect(new Control(rig.memory).oldestFlight(2)).toBe(0)
      await banSlowly(rig)
      for (const [at, color] of ['red', 'blue'].entries()) {
        const { position } = claims[at] as Claim
        const made = object({ key: KEYS[at] as string, ttl: 3600, position, at: rig.clock.now(), ...plain(color) })
        rig.b.publish(claims[at] as Claim, made, PLAIN, variantOf(PLAIN, {}), true)
        rig.b.complete(made)
      }
      await expectBlueAlone(rig)
      // It has forgotten the ban by now, and tells no longer what lands.
      const told = vi.spyOn(PortChannel.prototype, 'post')
      onTestFinished(() => told.mockRestore())
      rig.keep(rig.b, { key: 'next' })
      expect(told.mock.calls.map(([message]) => (message as { readonly type: string }).type)).not.toContain('landed')
    })
  })

  it.each(['whole', 'broken off', 'purged', 'banned', 'purged before'])(
    'waits for nothing that a fetch brought which is %s',
    async (how) => {
      const rig = new Rig()
      const control = new Control(rig.memory)
      const claim = claimOf(rig.find(rig.b))
      if (how === 'purged before') await rig.librarian.librarian?.purge('k', false)
      const { filling, object: made } = fillingFor(rig.b, { position: claim.position, at: rig.clock.now(), ...plain('red') })
      rig.b.publish(claim, made, PLAIN, '', true)
      expect(control.oldestFlight(2)).toBe(how === 'purged before' ? 0 : claim.position + 1)
      if (how === 'purged') await rig.librarian.librarian?.purge('k', false)
      if (how === 'banned') await rig.librarian.librarian?.ban('obj.http.x-color == red')
      filling.chunk(Buffer.from('all'))
      filling.end(how === 'broken off' ? { type: 'reset', cause: new Error('the origin is gone') } : COMPLETE)
      expect([control.oldestFlight(2), rig.b.objects]).toEqual([0, how === 'whole' ? 1 : 0])
    },
  )

  it('is not forgotten before all can see how far everything stored has been tested', async () => {
    const rig = new Rig()
    const control = new Control(rig.memory)
    const seen: boolean[] = []
    const { post } = PortChannel.prototype
    const spy = vi.spyOn(PortChannel.prototype, 'post').mockImplementation(function (this: PortChannel<unknown, unknown>, message) {
      const { type, position } = message as { readonly type: string; readonly position: number }
      if (type === 'retired') seen.push(control.settled >= position && control.head >= position)
      post.call(this, message)
    })
    onTestFinished(() => spy.mockRestore())
    for (let i = 0; i < 3; i++) await rig.librarian.librarian?.ban(`obj.http.x-color == ${i}`)
    expect([...new Set(seen)]).toEqual([true])
    expect(rig.librarian.invalidation.gauges()).toMatchObject({ bans: 3, bans_completed: 3 })
  })

  it('that is none is refused with its reason', async () => {
    const rig = new Rig()
    const { invalidation } = rig.workers[1] as NonNullable<(typeof rig.workers)[1]>
    await expect(invalidation.purge({ by: 'ban', expression: 'nonsense' }, false)).rejects.toThrow(/nonsense/)
  })
})

/** The next call of a method is another one. */
function once<T extends object, K extends keyof T & string>(of: T, name: K, instead: (this: T, ...args: never[]) => unknown): void {
  const spy = vi.spyOn(of, name as never)
  spy.mockImplementationOnce(instead as never)
  onTestFinished(() => spy.mockRestore())
}

function plain(color: string): Pick<ObjectOptions, 'headers' | 'fieldLines'> {
  const headers = object().headers.clone()
  headers.append('X-Color', color)
  return { headers, fieldLines: `Content-Type: text/plain\r\nX-Color: ${color}\r\n` }
}
