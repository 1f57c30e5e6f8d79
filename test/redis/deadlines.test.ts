import { expect, it } from 'vitest'
import { ManualClock } from '../../src/clock.ts'
import { Deadlines } from '../../src/redis/deadlines.ts'

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

it('calls what is late once, in time, and never what was met', async () => {
  const clock = new ManualClock()
  const deadlines = new Deadlines(clock)
  const late: string[] = []
  const set = (ms: number, name: string) => deadlines.set(ms, () => late.push(name))
  const kept = set(50, 'kept')
  set(50, 'a')
  clock.advance(10)
  set(50, 'b')
  set(5, 'soon')
  expect(deadlines.met(kept)).toBe(true)
  expect(deadlines.met(kept)).toBe(false)
  clock.advance(5)
  await turn()
  expect(late).toEqual(['soon'])
  clock.advance(34)
  await turn()
  expect(late).toEqual(['soon'])
  clock.advance(1)
  await turn()
  expect(late).toEqual(['soon', 'a'])
  clock.advance(10)
  await turn()
  expect(late).toEqual(['soon', 'a', 'b'])
  const again = set(20, 'again')
  clock.advance(20)
  await turn()
  expect(late).toEqual(['soon', 'a', 'b', 'again'])
  expect(deadlines.met(again)).toBe(false)
})

it('lets what has come by the end of the turn be in time', async () => {
  const clock = new ManualClock()
  const deadlines = new Deadlines(clock)
  let late = false
  const deadline = deadlines.set(50, () => {
    late = true
  })
  clock.advance(60)
  expect(deadlines.met(deadline)).toBe(true)
  await turn()
  expect(late).toBe(false)
})
