/** The access log as an option names it: a format and a sink. */
import type { LogFormat } from './config/option-kinds.ts'
import type { AccessLog } from './log.ts'
import { type AccessFormat, combined, json, pretty } from './log-formats.ts'
import type { LogSink } from './log-sink.ts'

/** `null` for `none`, so that nothing logged costs nothing. `color` counts for `pretty` alone. */
export function createAccessLog(format: LogFormat, sink: LogSink, color: boolean): AccessLog | null {
  const toLine = formatOf(format, color)
  return toLine === null ? null : { write: (record) => sink.line(toLine(record)) }
}

export function formatOf(format: LogFormat, color: boolean): AccessFormat | null {
  switch (format) {
    case 'none':
      return null
    case 'json':
      return json
    case 'combined':
      return combined
    case 'pretty':
      return pretty({ color })
  }
}
