/** The logs of a worker: what others are to write goes to the supervisor, once a turn of the event loop. */
import { accessLines } from '../access-log.ts'
import { C, type Counters } from '../counters.ts'
import type { AccessLog, AccessRecord, EventLog } from '../log.ts'
import { LogSink, type SinkEvents } from '../log-sink.ts'
import { type ErrorMessage, errorMessage, errorOf } from './error-message.ts'
import type { AccessTarget, FromWorker, LoggedEvent, LogLevel } from './messages.ts'

const STDERR = 2

type Post = (message: FromWorker) => void

export interface WorkerLogs {
  readonly accessLog: AccessLog | null
  readonly eventLog: EventLog
  reopen(): void
  /** Resolves when all that was logged is written, or is on its way to the supervisor. */
  flushed(): Promise<void>
}

export function workerLogs(target: AccessTarget, counters: Counters, post: Post): WorkerLogs {
  const eventLog = postedEvents(post)
  const none: WorkerLogs = { accessLog: null, eventLog, reopen: () => {}, flushed: () => Promise.resolve() }
  switch (target.type) {
    case 'none':
      return none
    case 'records': {
      const batch = new Batch<AccessRecord>((records) => post({ type: 'records', records }))
      return { ...none, accessLog: { write: (record) => batch.add(record) }, flushed: async () => batch.flush() }
    }
    case 'lines': {
      const batch = new Batch<string>((lines) => post({ type: 'lines', text: lines.join('\n'), count: lines.length }))
      return { ...none, accessLog: accessLines(target.format, target.color, (line) => batch.add(line)), flushed: async () => batch.flush() }
    }
    case 'file': {
      if (target.format === 'none') return none
      const sink = openSink(target.file, {
        dropped: (lines) => counters.add(C.log_dropped, lines),
        failed: (error) => eventLog.error({ err: error, file: target.file }, 'the access log cannot be written'),
      })
      return {
        accessLog: accessLines(target.format, false, (line) => sink.line(line)),
        eventLog,
        reopen: () => sink.reopen(),
        flushed: () => sink.flushed(),
      }
    }
    default:
      return target satisfies never
  }
}

/** A log that cannot be opened is no reason not to serve. */
function openSink(file: string, events: SinkEvents): LogSink {
  try {
    return LogSink.toFile(file, events)
  } catch (error) {
    events.failed(error instanceof Error ? error : new Error(String(error)))
    return LogSink.toDescriptor(STDERR, events)
  }
}

/** What comes in one turn of the event loop goes out together. */
class Batch<T> {
  readonly #send: (items: readonly T[]) => void
  #items: T[] = []

  constructor(send: (items: readonly T[]) => void) {
    this.#send = send
  }

  add(item: T): void {
    this.#items.push(item)
    if (this.#items.length === 1) setImmediate(() => this.flush())
  }

  flush(): void {
    const items = this.#items
    this.#items = []
    if (items.length > 0) this.#send(items)
  }
}

/** Errors among the fields travel as messages. */
interface Carried {
  readonly error: ErrorMessage
}

function postedEvents(post: Post): EventLog {
  const to =
    (level: LogLevel): EventLog[LogLevel] =>
    (fields, message) =>
      post({
        type: 'event',
        event: { level, fields: Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, plain(value)])), message },
      })
  return { info: to('info'), warn: to('warn'), error: to('error') }
}

function plain(value: unknown): unknown {
  if (value instanceof Error) return { error: errorMessage(value) } satisfies Carried
  try {
    return structuredClone(value)
  } catch {
    return String(value)
  }
}

/** Writes an event as the worker would have. */
export function writeEvent(log: EventLog, { level, fields, message }: LoggedEvent): void {
  log[level](
    Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, isCarried(value) ? errorOf(value.error) : value])),
    message,
  )
}

function isCarried(value: unknown): value is Carried {
  return (
    typeof value === 'object' &&
    value !== null &&
    'error' in value &&
    typeof value.error === 'object' &&
    value.error !== null &&
    'type' in value.error
  )
}
