/** Where a running server's words go: events and access log on standard output, or the access log in a file. */
import { createAccessLog } from '../access-log.ts'
import type { LogTarget } from '../config/option-kinds.ts'
import { C, type Counters } from '../counters.ts'
import { type AccessLog, type EventLog, jsonEventLog, textEventLog } from '../log.ts'
import { LogSink, type SinkEvents } from '../log-sink.ts'
import type { WorkerOutput } from '../workers/supervise.ts'
import { told } from './complaint.ts'

const STDOUT = 1
const STDERR = 2

export interface Output {
  readonly accessLog: AccessLog | null
  readonly eventLog: EventLog
  /** What workers log, in place of `accessLog`. */
  readonly workers: WorkerOutput
  /** Writes a line for people. */
  say(line: string): void
  /** Counts dropped lines there from now on. */
  countIn(counters: Counters): void
  reopen(): void
  /** Resolves when all is written, or after `ms`, for a reader that takes nothing must not keep the process. */
  finish(ms: number): Promise<void>
  /** Writes what waits, synchronously. */
  finishNow(): void
}

export function openOutput(target: LogTarget, terminal: boolean): Output {
  let counters: Counters | null = null
  let reopenWorkers = (): void => {}
  // Without a listener, complaining to a reader that is gone would end the process.
  process.stderr.on('error', () => {})
  const events: SinkEvents = {
    dropped: (lines) => counters?.add(C.log_dropped, lines),
    failed: (error) => complain(`a log cannot be written`, error, 'lines are dropped and counted as log_dropped until it can be'),
  }
  const stdout = LogSink.toDescriptor(STDOUT, events)
  const access = target.file === null ? stdout : openFile(target.file, events)
  const color = terminal && target.file === null && !process.env['NO_COLOR']
  const sinks = access === stdout ? [stdout] : [stdout, access]
  const line = (text: string): void => stdout.line(text)
  return {
    accessLog: createAccessLog(target.format, access, color),
    eventLog: terminal ? textEventLog(line) : jsonEventLog(line),
    workers: {
      access:
        target.file === null ? { type: 'lines', format: target.format, color } : { type: 'file', format: target.format, file: target.file },
      lines: (text, lines) => stdout.line(text, lines),
      reopening: (reopen) => {
        reopenWorkers = reopen
      },
    },
    say: line,
    countIn: (into) => {
      counters = into
    },
    reopen: () => {
      access.reopen()
      reopenWorkers()
    },
    finish: (ms) =>
      new Promise((resolve) => {
        const late = setTimeout(resolve, ms)
        Promise.all(sinks.map((sink) => sink.flushed())).then(() => {
          clearTimeout(late)
          resolve()
        })
      }),
    finishNow: () => {
      for (const sink of sinks) sink.flushNow()
    },
  }
}

/** A log that cannot be opened is no reason not to serve. */
function openFile(file: string, events: SinkEvents): LogSink {
  try {
    return LogSink.toFile(file, events)
  } catch (error) {
    complain(
      `the access log ${file} cannot be opened`,
      error,
      'it goes to standard error instead; make the folder writable and start again',
    )
    return LogSink.toDescriptor(STDERR, events)
  }
}

function complain(what: string, error: unknown, how: string): void {
  process.stderr.write(told({ what, why: error instanceof Error ? error.message : String(error), how }))
}
