/** The access log as an option names it: a format and a sink. */
import type { LogFormat } from './config/option-kinds.ts'
import type { AccessLog } from './log.ts'
import { type AccessFormat, combined, json, pretty } from './log-formats.ts'
import type { LogSink } from './log-sink.ts'

/** `null` for `none`, so that nothing logged costs nothing. `color` counts for `pretty` alone. */
export function createAccessLog(format: LogFormat, sink: LogSink, color: boolean): AccessLog | null {
  return accessLines(format, color, (line) => sink.line(line))
}

/** As `createAccessLog`, whoever takes the lines. What a page includes is part of it for those who count pages: `combined` has no line for it. */
export function accessLines(format: LogFormat, color: boolean, take: (line: string) => void): AccessLog | null {
  const toLine = formatOf(format, color)
  if (toLine === null) return null
  const pagesOnly = format === 'combined'
  return {
    write(record) {
      if (record.esiLevel === 0 || !pagesOnly) take(toLine(record))
    },
  }
}

function formatOf(format: LogFormat, color: boolean): AccessFormat | null {
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
