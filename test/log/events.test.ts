import { describe, expect, it } from 'vitest'
import { type EventLog, jsonEventLog, textEventLog } from '../../src/log.ts'

function collect(make: (line: (text: string) => void) => EventLog, use: (log: EventLog) => void): string[] {
  const lines: string[] = []
  use(make((text) => lines.push(text)))
  return lines
}

describe('the event log', () => {
  it('writes one JSON object a line, with level, event, fields and message', () => {
    const lines = collect(jsonEventLog, (log) => {
      log.info({ event: 'listening', listen: ['127.0.0.1:1'] }, 'listening')
      log.warn({ backend: 'a' }, 'slow')
    })
    expect(lines.map((line) => JSON.parse(line))).toEqual([
      { level: 'info', time: expect.any(String), event: 'listening', listen: ['127.0.0.1:1'], msg: 'listening' },
      { level: 'warn', time: expect.any(String), event: 'log', backend: 'a', msg: 'slow' },
    ])
  })

  it('holds no control characters and no raw bytes above ASCII', () => {
    for (const make of [jsonEventLog, textEventLog]) {
      const [line = ''] = collect(make, (log) => log.error({ name: 'a\x1b[31m\r\nb\x9b\x00' }, 'c\nd\x7f'))
      expect(line).toMatch(/^[\x20-\x7e]*$/)
    }
    const [line = ''] = collect(jsonEventLog, (log) => log.info({ name: '\x9b\u2028é' }, 'm'))
    expect((JSON.parse(line) as Record<string, unknown>)['name']).toBe('\x9b\u2028é')
  })

  it('shows no credentials', () => {
    for (const make of [jsonEventLog, textEventLog]) {
      const text = collect(make, (log) => {
        log.info({ authorization: 'hunter2', cookie: 'hunter2', password: 'hunter2' }, 'm')
        log.info({ headers: { 'proxy-authorization': 'hunter2', 'set-cookie': 'hunter2' } }, 'm')
      }).join('\n')
      expect(text).not.toContain('hunter2')
    }
  })

  it('tells an error’s message', () => {
    for (const make of [jsonEventLog, textEventLog])
      expect(collect(make, (log) => log.error({ err: new Error('boom') }, 'failed')).join()).toContain('boom')
  })
})
