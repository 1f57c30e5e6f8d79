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

  it('has the port of its scheme, and a name for TLS', () => {
    expect(backend('https://app.example')).toMatchObject({ url: 'https://app.example', authority: 'app.example', port: 443 })
    expect(backend('https://app.example:443/').url).toBe('https://app.example')
    expect(backend('https://app.example').tls).toEqual({
      ca: null,
      cert: null,
      key: null,
      passphrase: null,
      serverName: 'app.example',
      verify: true,
    })
    expect(backend('https://10.0.0.5', { hostHeader: 'shop.example:8443' }).tls?.serverName).toBe('shop.example')
    expect(backend('https://[::1]:8443').tls?.serverName).toBe('::1')
    expect(backend('https://a', { hostHeader: 'b', tls: { serverName: 'c' } }).tls?.serverName).toBe('c')
    expect(backend('http://app').tls).toBeNull()
  })

  it('may be a Unix socket, a service with SRV records, or nothing', () => {
    expect(backend('unix:/run/app.sock')).toMatchObject({
      url: 'unix:/run/app.sock',
      path: '/run/app.sock',
      authority: 'localhost',
      port: 0,
    })
    expect(backend('srv+https://app.example')).toMatchObject({
      url: 'srv+https://app.example',
      host: 'app.example',
      authority: 'app.example',
      srv: true,
    })
    expect(backend('http://app.example', { srv: true }).url).toBe('srv+http://app.example')
    expect(backend('srv+https://_web._tcp.app.example')).toMatchObject({ host: '_web._tcp.app.example', authority: 'app.example' })
    expect(backend('srv+https://_web._tcp.app.example').tls?.serverName).toBe('app.example')
    expect(backend('none')).toMatchObject({ none: true, url: 'none' })
  })

  it.each([
    'unix:app.sock',
    'unix:',
    'unix:/run/',
    `unix:/${'x'.repeat(107)}`,
    'srv+http://app:8080',
    'srv+http://10.0.0.1',
    'srv+http://[::1]',
    'srv+ftp://app',
    'tcp://app',
  ])('is not made from %j', (url) => {
    expect(() => backend(url)).toThrow(TypeError)
  })

  it.each([
    [{ ca: [] }, 'nobody would be trusted'],
    [{ ca: '' }, 'tls.ca'],
    [{ cert: 'x.pem' }, 'belong together'],
    [{ key: 'x.pem' }, 'belong together'],
    [{ passphrase: 'geheim' }, 'without tls.key'],
    [{ serverName: 'a b' }, 'serverName'],
    [{ verify: 'no' }, 'true or false'],
    [{ rejectUnauthorized: false }, 'no option "rejectUnauthorized"'],
  ])('refuses %j for TLS', (tls, why) => {
    expect(() => backend('https://app', { tls: tls as never })).toThrow(why)
    expect(() => backend('https://app', { tls: tls as never })).toThrow(
      expect.objectContaining({ message: expect.not.stringContaining('geheim') }),
    )
  })

  it.each([
    ['http://app', { tls: {} }, 'https://'],
    ['unix:/a', { tls: {} }, 'https://'],
    ['http://app', { proxyHeader: 3 }, 'proxyHeader'],
    ['http://app', { waitLimit: -1 }, 'waitLimit'],
    ['http://app', { waitLimit: 0.5 }, 'waitLimit'],
    ['http://app', { waitTimeout: 0 }, 'waitTimeout'],
    ['http://app', { connectTimeout: -1 }, 'connectTimeout'],
  ])('of %s refuses %j', (url, options, why) => {
    expect(() => backend(url, options as never)).toThrow(why)
  })

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
