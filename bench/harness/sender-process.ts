/** The sender in a process of its own: stores all keys, or sends a closed or an open loop. */
import { answering } from './answering.ts'
import type { EachOrder, EachResult, OpenOrder, OpenResult, Pace, SenderOrder } from './open-loop.ts'
import { drawKey, HOT, pathOfKey, seeded } from './paths.ts'
import { arrivals } from './poisson.ts'
import type { Scenario } from './scenario.ts'
import { type Errand, Line } from './sender.ts'
import { quantile } from './statistics.ts'

const FILL_LINES = 32
/** What is still unanswered this long after the last arrival is given up. */
const PATIENCE_MS = 10_000

/** Asks once for each key, so that all are stored; answers how many were answered wrongly. */
function fill(errand: Errand, keys: number): Promise<number> {
  let next = 0
  let open = FILL_LINES
  let wrong = 0
  return new Promise((resolve) => {
    const go = (line: Line): void => {
      if (next < keys) line.send(pathOfKey(next++))
      else {
        line.close()
        if (--open === 0) resolve(wrong)
      }
    }
    for (let i = 0; i < FILL_LINES; i++) {
      go(
        new Line(errand, (line, right) => {
          if (!right) wrong++
          go(line)
        }),
      )
    }
  })
}

/** As many requests as the connections carry, one after the other: answers the rate per second of right ones. */
function closedLoop({ errand, seconds, connections, seed }: Pace): Promise<number> {
  const path = paths(errand.scenario, seed, 'closed')
  const start = performance.now()
  const end = start + seconds * 1000
  let open = connections
  let right = 0
  return new Promise((resolve) => {
    const go = (line: Line): void => {
      if (performance.now() < end) {
        line.send(path())
        return
      }
      line.close()
      if (--open === 0) resolve((right * 1000) / (performance.now() - start))
    }
    for (let i = 0; i < connections; i++) {
      go(
        new Line(errand, (line, wasRight) => {
          if (wasRight) right++
          go(line)
        }),
      )
    }
  })
}

/** Keys in their order, each once. */
function each({ errand, connections, from, count, seconds }: EachOrder): Promise<EachResult> {
  const start = performance.now()
  const end = count === null ? start + seconds * 1000 : Number.POSITIVE_INFINITY
  const last = count === null ? Number.POSITIVE_INFINITY : from + count
  const took: number[] = []
  const sent = new Map<Line, number>()
  let next = from
  let open = connections
  let wrong = 0
  return new Promise((resolve) => {
    const go = (line: Line, now: number): void => {
      if (next < last && now < end) {
        sent.set(line, now)
        line.send(pathOfKey(next++))
        return
      }
      line.close()
      if (--open > 0) return
      took.sort((a, b) => a - b)
      resolve({ answers: took.length, wrong, seconds: (now - start) / 1000, p99: quantile(took, 0.99) })
    }
    for (let i = 0; i < connections; i++) {
      const line = new Line(errand, (one, right) => {
        const now = performance.now()
        took.push(now - (sent.get(one) ?? 0))
        if (!right) wrong++
        go(one, now)
      })
      go(line, start)
    }
  })
}

function paths(scenario: Scenario, seed: number, kind: string): () => string {
  const { keys, work } = scenario
  if (keys !== null) {
    const random = seeded(seed)
    return () => pathOfKey(drawKey(keys, random))
  }
  let unique = 0
  const series = `/${kind}/${process.pid}-${process.hrtime.bigint()}`
  return work === 'miss' ? () => `${series}-${unique++}` : () => HOT
}

/**
 * Sends each request when it is meant to arrive, or as soon as one of the connections is free; latency counts from the arrival that was meant.
 * It never sleeps: the core it runs on is its own.
 */
function openLoop({ errand, rate, seconds, connections, seed }: OpenOrder): Promise<OpenResult> {
  const path = paths(errand.scenario, seed, 'open')
  const random = seeded(~seed)
  const room = Math.ceil(rate * seconds * 1.2) + 1000
  const latencies = new Float64Array(room)
  const lags = new Float64Array(room)
  const meant = new Map<Line, number>()
  const idle: Line[] = []
  const waiting: number[] = []
  let head = 0
  let sent = 0
  let answered = 0
  let wrong = 0
  const all: Line[] = []
  for (let i = 0; i < connections; i++) {
    const line = new Line(errand, (one, right) => {
      latencies[answered++] = performance.now() - (meant.get(one) ?? 0)
      if (!right) wrong++
      idle.push(one)
    })
    all.push(line)
    idle.push(line)
  }

  return new Promise((resolve) => {
    const start = performance.now() + 100
    const end = start + seconds * 1000
    const next = arrivals(rate, start, random)
    let due = next()
    let arrived = 0
    const turn = (): void => {
      const now = performance.now()
      while (due <= now && due < end && arrived < room) {
        lags[arrived++] = now - due
        waiting.push(due)
        due = next()
      }
      for (let line = head < waiting.length ? idle.pop() : undefined; line !== undefined; ) {
        meant.set(line, waiting[head++] ?? now)
        sent++
        line.send(path())
        line = head < waiting.length ? idle.pop() : undefined
      }
      const over = due >= end || arrived >= room
      if ((over && answered === arrived) || now > end + PATIENCE_MS) finish()
      else setImmediate(turn)
    }
    const finish = (): void => {
      for (const line of all) line.close()
      const sorted = latencies.subarray(0, answered).sort()
      const [p50, p99, p999] = [0.5, 0.99, 0.999].map((share) => quantile(sorted, share))
      const lag = quantile(lags.subarray(0, arrived).sort(), 0.99)
      resolve({
        answers: answered,
        wrong: wrong + (sent - answered) + (arrived - sent),
        p50: p50 ?? 0,
        p99: p99 ?? 0,
        p999: p999 ?? 0,
        lag,
      })
    }
    turn()
  })
}

answering('ready', (question) => {
  const order = question as SenderOrder
  switch (order.do) {
    case 'fill':
      return fill(order.errand, order.keys)
    case 'closed loop':
      return closedLoop(order)
    case 'open loop':
      return openLoop(order)
    case 'each':
      return each(order)
  }
})
