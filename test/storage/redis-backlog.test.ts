import { describe, expect, it } from 'vitest'
import { RedisBacklog } from '../../src/storage/redis-backlog.ts'
import { until } from '../support/until.ts'

describe('what is still to be written to Redis', () => {
  it('is bounded in number and in bytes, and room comes back as it is written', async () => {
    const backlog = new RedisBacklog()
    const ends: (() => void)[] = []
    const job = (bytes: number) => ({ bytes, run: () => new Promise<void>((resolve) => ends.push(resolve)), failed: () => undefined })
    let taken = 0
    while (backlog.push(job(1024 * 1024))) taken++
    expect(taken).toBe(32)
    while (backlog.push(job(0))) taken++
    expect(taken).toBe(1000)
    await until(() => ends.length === 64, 'sixty-four at a time')
    ends.shift()?.()
    await until(() => ends.length === 64)
    expect([backlog.push(job(1024 * 1024)), backlog.push(job(0))]).toEqual([true, false])
  })

  it('takes one that alone is larger than all, goes on after one has failed, and begins nothing once it is stopped', async () => {
    const backlog = new RedisBacklog()
    const seen: string[] = []
    const failed = (error: unknown): void => void seen.push(`failed ${(error as Error).message}`)
    expect(backlog.push({ bytes: 2 ** 30, run: () => Promise.reject(new Error('first')), failed })).toBe(true)
    await until(() => seen.length === 1)
    const run = async (): Promise<void> => void seen.push('second')
    backlog.push({ bytes: 1, run, failed })
    await until(() => seen.length === 2)
    expect(seen).toEqual(['failed first', 'second'])
    backlog.stop()
    expect(backlog.push({ bytes: 1, run, failed })).toBe(false)
  })
})
