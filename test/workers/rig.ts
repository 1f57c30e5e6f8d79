/** A cache with workers in front of a scripted origin, and clients that know which worker they talk to. */
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ResourceLimits } from 'node:worker_threads'
import { onTestFinished } from 'vitest'
import type { ServerOptions } from '../../src/assembly.ts'
import type { AccessRecord, Server } from '../../src/index.ts'
import type { SharedMemory } from '../../src/object/shared/memory.ts'
import type { Spawn, WorkerHandle } from '../../src/workers/handle.ts'
import { supervise } from '../../src/workers/supervise.ts'
import { threadWorkers } from '../../src/workers/thread-worker.ts'
import type { Backend } from '../../vcl-ts/backend.ts'
import { type Fields, type Logged, message, reply } from '../journey/site.ts'
import { RawClient, type RawResponse } from '../support/raw-client.ts'
import { type OriginScript, ScriptedOrigin } from '../support/scripted-origin.ts'
import { until } from '../support/until.ts'

/** A policy that tells the thread, and dies as it is asked to. */
export const TROUBLE: string = `
import { threadId, threadName } from 'node:worker_threads'
const deaths = {
  '/die/throw': () => { throw new Error('thrown on purpose') },
  '/die/reject': () => { Promise.reject(new Error('rejected on purpose')) },
  '/die/never': () => { new BroadcastChannel('stalled').postMessage(threadId); for (;;); },
  '/die/exit': () => process.exit(7),
  '/die/heap': () => { const kept = []; for (;;) kept.push(Array.from({ length: 1000 }, () => ({ a: kept.length }))) },
}
export default {
  recv: ({ req, synth }) => {
    const death = deaths[req.url]
    if (death !== undefined) setImmediate(death)
    if (req.url === '/who') return synth(200, threadName + ' thread ' + threadId)
  },
  backendFetch: ({ bereq }) => void bereq.headers.set('X-Thread', threadName + ' thread ' + threadId),
}
`

export interface CrewOptions extends Omit<ServerOptions, 'origin'> {
  readonly count?: number
  readonly heap?: ResourceLimits
  readonly script?: OriginScript
  /** Makes the option of the origin's URL. */
  readonly asked?: (url: string) => Backend
  /** In place of a scripted origin. */
  readonly originUrl?: string
}

export class Crew {
  readonly server: Server
  readonly origin: ScriptedOrigin
  readonly events: Logged[]
  readonly records: AccessRecord[]
  /** Every worker that was started, oldest first. */
  readonly handles: { readonly participant: number; readonly handle: WorkerHandle }[]

  /** What workers and supervisor share. */
  readonly memory: SharedMemory

  constructor(
    server: Server,
    origin: ScriptedOrigin,
    events: Logged[],
    records: AccessRecord[],
    handles: Crew['handles'],
    memory: SharedMemory,
  ) {
    this.memory = memory
    this.server = server
    this.origin = origin
    this.events = events
    this.records = records
    this.handles = handles
  }

  get address(): string {
    return this.server.addresses[0] as string
  }

  stat(name: string): number {
    return this.server.stat()[name] ?? 0
  }

  async get(path: string): Promise<RawResponse> {
    const client = await RawClient.connect(this.address)
    try {
      return await client.request(message('GET', path, { Connection: 'close' }))
    } finally {
      client.destroy()
    }
  }

  connectToEach(count: number = 2): Promise<Connected[]> {
    return connectToEach(this.address, count)
  }

  /** The one that serves in a place now. */
  worker(participant: number): WorkerHandle {
    const found = this.handles.findLast((each) => each.participant === participant)
    if (found === undefined) throw new Error(`there was never a worker ${participant}`)
    return found.handle
  }

  /** Ends the worker that a connection is to: `terminate`, or what the policy `TROUBLE` can die of. */
  end(victim: Connected, how: string): void {
    if (how === 'terminate') void this.worker(Number(victim.thread.split(' ')[1])).terminate()
    else victim.client.send(message('GET', `/die/${how}`))
  }

  /** Resolves when the worker that a connection is to does nothing any more. */
  async stall(victim: Connected): Promise<void> {
    const channel = new BroadcastChannel('stalled')
    const stalled = once(channel, 'message')
    this.end(victim, 'never')
    await stalled
    channel.close()
  }

  /** Resolves when a worker serves in each place that so many deaths emptied. */
  async replaced(deaths: number): Promise<void> {
    await until(() => this.deaths().length === deaths, 'the death')
    await until(() => this.replacements().length === deaths, 'the replacement')
  }

  replacements(): Logged[] {
    return this.events.filter(({ message }) => message.startsWith('a worker serves in the place'))
  }

  deaths(): Logged[] {
    return this.events.filter(({ fields, message }) => fields['event'] === 'worker' && message.startsWith('a worker died'))
  }
}

/** A connection to one worker. Its `thread` tells its place and its life: `worker 1 thread 7`. */
export class Connected {
  readonly client: RawClient
  readonly thread: string

  constructor(client: RawClient, thread: string) {
    this.client = client
    this.thread = thread
  }

  get(path: string, fields: Fields = {}): Promise<RawResponse> {
    return this.client.request(message('GET', path, fields))
  }
}

/** Connections of which each goes to another worker. The policy has to answer `/who`. */
export async function connectToEach(address: string, count: number = 2): Promise<Connected[]> {
  const found = new Map<string, Connected>()
  while (found.size < count) {
    const client = await RawClient.connect(address)
    onTestFinished(() => client.destroy())
    const connected = new Connected(client, await who(client))
    if (found.has(connected.thread)) client.destroy()
    else found.set(connected.thread, connected)
  }
  return [...found.values()]
}

export async function who(client: RawClient): Promise<string> {
  return (await client.request(message('GET', '/who'))).reason
}

export async function crew({ count = 2, heap = {}, script, asked, originUrl, ...options }: CrewOptions = {}): Promise<Crew> {
  const origin = await ScriptedOrigin.start(
    script ?? ((hit, response) => reply(response, 200, { 'Cache-Control': 'max-age=60' }, `answer ${hit.index}`)),
  )
  onTestFinished(() => origin.close())
  const events: Logged[] = []
  const records: AccessRecord[] = []
  const handles: Crew['handles'] = []
  const note = (fields: Readonly<Record<string, unknown>>, text: string): void => void events.push({ fields, message: text })
  const spawn = threadWorkers(heap)
  let memory: SharedMemory | null = null
  const noticed: Spawn = (init, happenings) => {
    const handle = spawn(init, happenings)
    memory = init.memory
    handles.push({ participant: init.participant, handle })
    return handle
  }
  const server = await supervise(
    {
      origin: asked?.(origin.url) ?? originUrl ?? origin.url,
      listen: ['127.0.0.1:0'],
      accessLog: { write: (record) => void records.push(record) },
      eventLog: { info: note, warn: note, error: note },
      memory: 64 * 1024 * 1024,
      ...options,
    },
    { workers: count, spawn: () => noticed, output: null },
  )
  onTestFinished(() => server.close())
  if (memory === null) throw new Error('no worker was started')
  return new Crew(server, origin, events, records, handles, memory)
}

/** A policy's file with that text. */
export function policyFile(text: string = TROUBLE, name: string = 'policy.ts'): string {
  const file = join(folder(), name)
  writeFileSync(file, text)
  return file
}

export function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'clearcoat-workers-'))
  onTestFinished(() => rmSync(path, { recursive: true }))
  return path
}
