import { describe, expect, it } from 'vitest'
import { type Job, Slices } from '../../src/object/pace.ts'
import { ManualPace } from './things.ts'

/** A job of so many steps of equal work, that writes down who had a turn. */
function job(name: string, steps: number, work: number, log: string[]): Job {
  return {
    step: () => {
      if (steps === 0) return 0
      steps--
      log.push(name)
      return work
    },
    done: () => log.push(`${name} done`),
  }
}

describe('work in slices', () => {
  it('ends at once when it is little', () => {
    const log: string[] = []
    const pace = new ManualPace(1)
    new Slices(pace).begin(job('a', 3, 1, log))
    expect(log).toEqual(['a', 'a', 'a', 'a done'])
    expect(pace.waiting).toBe(0)
  })

  it('does so much at a time as the clock allows, and goes on in the next turn', () => {
    const log: string[] = []
    const pace = new ManualPace(1)
    const slices = new Slices(pace)
    slices.begin(job('a', 1000, 1, log))
    const done: number[] = []
    while (pace.waiting > 0) {
      done.push(log.splice(0).length)
      pace.take()
    }
    // Two looks at the clock, 64 steps between them.
    expect(done).toEqual([128, 128, 128, 128, 128, 128, 128])
    expect(log).toEqual([...Array(1000 - 7 * 128).fill('a'), 'a done'])
    expect(slices.size).toBe(0)
  })

  it('looks at the clock the sooner the more a step does', () => {
    const log: string[] = []
    new Slices(new ManualPace(4)).begin(job('a', 100, 9, log))
    expect(log).toHaveLength(8)
  })

  it('gives each job its turn, and a turn to one slice in all', () => {
    const log: string[] = []
    const pace = new ManualPace(4)
    const slices = new Slices(pace)
    slices.begin(job('a', 130, 64, log))
    slices.begin(job('b', 3, 64, log))
    log.length = 0
    for (let i = 0; i < 6; i++) {
      expect(pace.waiting).toBe(1)
      pace.take()
    }
    expect(log).toEqual(['a', 'b', 'a', 'b', 'a', 'b done', 'a'])
  })

  it('forgets what is stopped', () => {
    const log: string[] = []
    const pace = new ManualPace(4)
    const slices = new Slices(pace)
    slices.begin(job('a', 10, 64, log))
    slices.stop()
    while (pace.take());
    expect(log).toEqual(['a'])
  })
})
