/** Threads over one small memory: storing, reading, purging, and dying at any moment. */
import { setTimeout as after } from 'node:timers/promises'
import { MessageChannel, Worker } from 'node:worker_threads'
import { monotonicOrigin, systemClock } from '../../../../src/clock.ts'
import { resolveSettings } from '../../../../src/config/resolve.ts'
import { Counters } from '../../../../src/counters.ts'
import { PortChannel } from '../../../../src/object/shared/channel.ts'
import { Entries } from '../../../../src/object/shared/entries.ts'
import { createStores, shareMemory } from '../../../../src/stores.ts'
import { seeded } from '../../../cache-attacks/interleaving.ts'
import { MIB } from '../../things.ts'
import { KEYS } from './content.ts'
import { type Begin, COUNTED, type FromThread, type ToThread } from './torn-thread-messages.ts'

export interface Tearing {
  readonly seconds: number
  readonly workers: number
  /** Seconds from one death to the next. */
  readonly killEvery: number
  readonly seed: number
  /** Bytes for objects. */
  readonly budget?: number
}

export interface Torn {
  /** What was not as it should be. */
  readonly wrong: readonly string[]
  readonly counts: Readonly<Record<(typeof COUNTED)[number], number>>
  readonly deaths: number
  /** Bytes in the books, at the most, and what they may be. */
  readonly most: number
  readonly budget: number
  /** Evictions. */
  readonly nuked: number
  /** Entries that answer, and those in the books, at the end. */
  readonly live: number
  readonly booked: number
  /** Of the process, each tenth of the time. */
  readonly rss: readonly number[]
}

const PROGRAM = new URL('./torn-thread.ts', import.meta.url)

export async function tear({ seconds, workers, killEvery, seed, budget = 12 * MIB }: Tearing): Promise<Torn> {
  const random = seeded(seed)
  const settings = resolveSettings({ memory: budget })
  const memory = shareMemory(settings, workers)
  const counters = new Counters()
  const stores = createStores({ settings, clock: systemClock, counters }, { role: 'librarian', memory })
  const { librarian, shelf } = stores
  if (librarian === null) throw new Error('no librarian')
  const shared = (length: number): Int32Array => new Int32Array(new SharedArrayBuffer(4 * length))
  const versions = shared(KEYS).fill(1)
  const [floors, counts] = [shared(KEYS), shared(COUNTED.length)]
  const origin = monotonicOrigin()
  const wrong: string[] = []
  const threads = new Map<number, Worker>()
  const stopping = new Map<number, () => void>()
  let begun = 0

  const post = (thread: Worker, message: ToThread): void => {
    thread.postMessage(message, message.type === 'meet' ? [message.port] : [])
  }
  const begin = async (participant: number): Promise<void> => {
    const { port1, port2 } = new MessageChannel()
    librarian.admit(participant, new PortChannel(port1))
    const workerData: Begin = {
      ...{ memory, budget, participant, origin, versions, floors, counts },
      librarian: port2,
      seed: seed + ++begun,
    }
    const thread = new Worker(PROGRAM, { workerData, transferList: [port2] })
    for (const [other, met] of threads) {
      const between = new MessageChannel()
      post(met, { type: 'meet', participant, port: between.port1 })
      post(thread, { type: 'meet', participant: other, port: between.port2 })
    }
    threads.set(participant, thread)
    thread.on('error', (error: Error) => wrong.push(`worker ${participant}: ${error.stack}`))
    await new Promise<void>((ready) => {
      thread.on('message', (message: FromThread) => {
        if (message.type === 'ready') ready()
        else if (message.type === 'wrong') wrong.push(message.what)
        else {
          if (message.pending > 0) wrong.push(`worker ${participant} waits for ever, ${message.pending} times`)
          stopping.get(participant)?.()
        }
      })
      thread.on('exit', () => {
        if (threads.get(participant) === thread) threads.delete(participant)
        ready()
      })
    })
  }
  const kill = async (participant: number): Promise<void> => {
    const thread = threads.get(participant)
    if (thread === undefined) return
    await thread.terminate()
    librarian.lost(participant)
    for (const other of threads.values()) post(other, { type: 'miss', participant })
  }

  await Promise.all(Array.from({ length: workers }, (_, index) => begin(index + 1)))
  let [deaths, most] = [0, 0]
  const rss: number[] = []
  const from = performance.now()
  let nextDeath = killEvery
  for (let elapsed = 0; elapsed < seconds; elapsed = (performance.now() - from) / 1000) {
    await after(20)
    most = Math.max(most, shelf.bytes)
    if (elapsed >= (rss.length * seconds) / 10) rss.push(process.memoryUsage.rss())
    if (elapsed < nextDeath) continue
    nextDeath = elapsed + killEvery * (0.5 + random())
    deaths++
    const participant = 1 + Math.floor(random() * workers)
    await kill(participant)
    await begin(participant)
  }
  await Promise.all(
    [...threads].map(([participant, thread]) => {
      const stopped = new Promise<void>((resolve) => {
        stopping.set(participant, resolve)
        thread.on('exit', () => resolve())
      })
      post(thread, { type: 'stop' })
      return stopped
    }),
  )
  librarian.takeNotices()
  const entries = new Entries(memory)
  let live = 0
  for (let bucket = 0; bucket < memory.buckets; bucket++)
    for (let entry = entries.first(bucket); entry !== 0; entry = entries.next(entry)) if (entries.isLive(entry)) live++
  const booked = librarian.entries
  await Promise.all([...threads.values()].map((thread) => thread.terminate()))
  stores.stop()
  return {
    ...{ wrong, deaths, most, budget, live, booked, rss },
    nuked: counters.get('n_lru_nuked'),
    counts: Object.fromEntries(COUNTED.map((name, at) => [name, counts[at]])) as Torn['counts'],
  }
}
