import { describe, expect, it } from 'vitest'
import { backend } from '../../vcl-ts/backend.ts'
import { days, hours, minutes, seconds } from '../../vcl-ts/duration.ts'

describe('a backend', () => {
  it('is plain data from its URL', () => {
    expect(backend('http://[::1]:3000', { connectTimeout: '500ms' })).toMatchObject({
      type: 'backend',
      url: 'http://[::1]:3000',
      host: '::1',
      port: 3000,
      connectTimeout: 0.5,
      firstByteTimeout: null,
      maxConnections: 1000,
    })
    expect(backend('http://app').port).toBe(80)
    expect(Object.isFrozen(backend('http://app'))).toBe(true)
  })

  it.each(['app:3000', 'ftp://app', 'http://u:p@app', 'http://app/x', 'http://app/?a', 'http://app/#a', ''])(
    'is not made from %j',
    (url) => {
      expect(() => backend(url)).toThrow(TypeError)
    },
  )

  it('does not show a password in its error', () => {
    expect(() => backend('http://u:geheim@app')).toThrow(expect.objectContaining({ message: expect.not.stringContaining('geheim') }))
  })

  it.each([0, 1.5, Number.NaN])('refuses %s connections', (maxConnections) => {
    expect(() => backend('http://app', { maxConnections })).toThrow(TypeError)
  })
})

describe('a duration', () => {
  it.each([
    [5, 5],
    ['500ms', 0.5],
    ['30s', 30],
    ['1.5m', 90],
    ['1h', 3600],
    ['7d', 604_800],
    ['2w', 1_209_600],
    ['1y', 31_536_000],
    ['-1s', -1],
  ] as const)('%s is %s seconds', (text, value) => {
    expect(seconds(text)).toBe(value)
  })

  it.each(['', '5', '5 s', '1h30m', 's', '5S', Number.NaN, Number.POSITIVE_INFINITY, null])('%s is none', (text) => {
    expect(() => seconds(text as number)).toThrow(TypeError)
  })

  it('has names for its units', () => {
    expect([minutes(5), hours(2), days(1)]).toEqual([300, 7200, 86_400])
  })
})
