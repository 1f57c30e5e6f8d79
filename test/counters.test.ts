import { Worker } from 'node:worker_threads'
import { describe, expect, it } from 'vitest'
import { CounterMemory, sharedCounterBuffer } from '../src/counter-memory.ts'
import { C, Counters, workerCounterBuffer } from '../src/counters.ts'
import { SummedCounters } from '../src/counters-summed.ts'

describe('counters', () => {
  it('are shown by their names, reasons behind their families', () => {
    const counters = new Counters()
    counters.add(C.cache_hit, 2)
    counters.reason('reason', 'HIT')
    counters.reason('reject', 'HIT')
    counters.reason('reason', 'HIT')
    expect(counters.snapshot()).toMatchObject({ cache_hit: 2, cache_miss: 0, reject_HIT: 1, reason_HIT: 2 })
    expect(Object.keys(counters.snapshot()).slice(-2)).toEqual(['reject_HIT', 'reason_HIT'])
    expect([counters.reasonCount('reason', 'HIT'), counters.reasonCount('evict', 'HIT')]).toEqual([2, 0])
  })

  it('go on in the memory of those before them, whose gauges have ended', () => {
    const buffer = workerCounterBuffer()
    const first = new Counters(buffer)
    first.add(C.cache_hit)
    first.reason('evict', 'lru')
    first.claim('backend a', 2)[1] = 5
    first.gauge('sess_open', 1)[0] = 3
    first.clearGauges()
    const next = new Counters(buffer)
    next.add(C.cache_hit)
    next.reason('evict', 'lru')
    next.claim('backend b', 2)[0] = 7
    next.claim('backend a', 2)[1] = 6
    expect(first.snapshot()).toEqual(next.snapshot())
    expect(next.snapshot()).toMatchObject({ cache_hit: 2, evict_lru: 2 })
    expect([...first.cells('backend a', 2), ...first.cells('backend b', 2), ...first.gauges('sess_open', 1)]).toEqual([0, 6, 7, 0, 0])
  })

  it('are summed over workers, and counted apart', () => {
    const workers = [new Counters(workerCounterBuffer()), new Counters(workerCounterBuffer())]
    const all = new SummedCounters(workers)
    all.add(C.n_purges)
    for (const [index, worker] of workers.entries()) {
      worker.add(C.cache_hit, index + 1)
      worker.reason('reason', `R${index}`)
      worker.reason('reason', 'HIT')
      worker.gauge('sess_open', 1)[0] = index + 1
    }
    expect(all.snapshot()).toMatchObject({ n_purges: 1, cache_hit: 3, reason_R0: 1, reason_R1: 1, reason_HIT: 2 })
    expect([all.get('cache_hit'), all.reasonCount('reason', 'HIT'), all.gauges('sess_open', 1)[0]]).toEqual([3, 2, 3])
    expect(workers[0]?.snapshot()).toMatchObject({ n_purges: 0, cache_hit: 1 })
  })

  it('never lack room for reasons, and count elsewhere what finds none', () => {
    const counters = new Counters()
    const cells = Array.from({ length: 1000 }, (_, index) => counters.claim(`backend ${index}`, 11))
    for (const each of cells) each[0] = 1
    for (let index = 0; index < 200; index++) counters.reason('reason', `R${index}`)
    expect(Object.keys(counters.snapshot()).filter((name) => name.startsWith('reason_'))).toHaveLength(200)
    expect(cells.every((each) => each[0] === 1)).toBe(true)
  })

  it('keeps numbers and names apart when names run out', () => {
    const memory = new CounterMemory(sharedCounterBuffer({ slots: 8, nameBytes: 20 }), 2)
    expect([memory.claim('one', 2), memory.claim('two', 1), memory.claim('a name that is too long', 1), memory.claim('one', 2)]).toEqual([
      2, 4, -1, 2,
    ])
    expect([...memory.entries()].map(([name, values]) => [name, values.length])).toEqual([
      ['one', 2],
      ['two', 1],
    ])
  })

  it('are read by one thread while another counts', async () => {
    const buffer = workerCounterBuffer()
    const reader = new Counters(buffer)
    const code = `
      const { workerData, parentPort } = require('node:worker_threads')
      import(workerData.module).then(({ Counters }) => {
        const counters = new Counters(workerData.buffer)
        for (let index = 0; index < 100; index++) for (let times = 0; times <= index; times++) counters.reason('reason', 'R' + index)
        parentPort.postMessage('done')
      })`
    const worker = new Worker(code, { eval: true, workerData: { buffer, module: new URL('../src/counters.ts', import.meta.url).href } })
    const done = new Promise((resolve) => worker.once('message', resolve))
    let over = false
    void done.then(() => {
      over = true
    })
    while (!over) {
      for (const [name, count] of Object.entries(reader.snapshot()))
        if (name.startsWith('reason_')) expect(count).toBeLessThanOrEqual(Number(name.slice('reason_R'.length)) + 1)
      await new Promise((resolve) => setImmediate(resolve))
    }
    expect(reader.reasonCount('reason', 'R99')).toBe(100)
    await worker.terminate()
  })
})
