import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { checkValues } from '../../src/cli/check-values.ts'
import { ConfigError } from '../../src/config/config-error.ts'
import type { OptionValues } from '../../src/config/options.ts'
import { type RedisInput, resolveOptions, resolveSettings } from '../../src/config/resolve.ts'
import { authority } from '../support/certificates.ts'

const values = (flags: Record<string, readonly string[]>, env: Record<string, string> = {}): OptionValues =>
  resolveOptions({ flags, env }).values

function refused(run: () => unknown): string {
  try {
    run()
  } catch (error) {
    if (error instanceof ConfigError) return error.message
    throw error
  }
  throw new Error('it was taken')
}

describe('the options of Redis', () => {
  it('mean a node alone where no server is named', () => {
    expect(values({}).redis).toBeNull()
    expect(resolveSettings({}).redis).toBeNull()
    expect(resolveSettings({ redis: null }).redis).toBeNull()
  })

  it('take one URL with several hosts, and several URLs', () => {
    expect(values({ redis: ['redis+cluster://a:1,b:2'] }).redis).toEqual(['redis+cluster://a:1,b:2'])
    expect(values({ redis: ['redis://a:1, redis://b:2', 'rediss://c'] }).redis).toEqual(['redis://a:1', 'redis://b:2', 'rediss://c'])
    expect(values({}, { CLEARCOAT_REDIS: 'redis://a' }).redis).toEqual(['redis://a'])
  })

  it('become settings, with defaults for what is not said', () => {
    expect(resolveSettings({ redis: 'redis://a' }).redis).toEqual({
      servers: ['redis://a'],
      password: null,
      ca: null,
      prefix: 'clearcoat:',
      secret: null,
      maxObject: 8 * 1024 * 1024,
      staleLimit: 60,
      claims: true,
      deadline: 0.05,
      node: `${hostname()}:${process.pid}`,
    })
    const all = { password: 'p', prefix: 'x:', secret: 's'.repeat(16), maxObject: 1, staleLimit: 5, claims: false, deadline: 1, node: 'n' }
    expect(resolveSettings({ redis: { servers: ['redis://a'], ...all } }).redis).toMatchObject(all)
  })

  it('read secrets from files, and show them nowhere', () => {
    const folder = mkdtempSync(join(tmpdir(), 'clearcoat-redis-options-'))
    onTestFinished(() => rmSync(folder, { recursive: true }))
    writeFileSync(join(folder, 'secret'), 'a secret\n')
    writeFileSync(join(folder, 'good'), 'sixteen-letters!\n')
    const env = { CLEARCOAT_REDIS_SECRET_FILE: join(folder, 'good'), CLEARCOAT_REDIS_PASSWORD_FILE: join(folder, 'secret') }
    expect(values({}, env)).toMatchObject({ redisSecret: 'sixteen-letters!', redisPassword: 'a secret' })
    expect(refused(() => values({ 'redis-secret': ['hunter2'] }))).not.toContain('hunter2')
    expect(refused(() => values({}, { CLEARCOAT_REDIS_SECRET: 'hunter2' }))).not.toContain('hunter2')
    expect(refused(() => values({ redis: ['http://user:hunter2@a'] }))).not.toContain('hunter2')
    expect(refused(() => resolveSettings({ redis: 'http://user:hunter2@a' }))).not.toContain('hunter2')
    expect(refused(() => checkValues(values({ redis: ['redis://user:hunter2@a:b'] })))).not.toContain('hunter2')
  })

  it('take authorities as text and from a file, and nothing else from it', () => {
    const folder = mkdtempSync(join(tmpdir(), 'clearcoat-redis-options-'))
    onTestFinished(() => rmSync(folder, { recursive: true }))
    const { cert, key } = authority('test authority')
    writeFileSync(join(folder, 'ca.pem'), cert)
    writeFileSync(join(folder, 'key.pem'), key)
    const ca = (text: string): string | null | undefined => resolveSettings({ redis: { servers: 'rediss://a', ca: text } }).redis?.ca
    expect(ca(cert)).toBe(cert)
    expect(ca(join(folder, 'ca.pem'))).toBe(cert)
    expect(refused(() => ca(join(folder, 'none.pem')))).toContain('cannot be read')
    const message = refused(() => ca(join(folder, 'key.pem')))
    expect(message).toContain('no certificate')
    expect(message).not.toContain('PRIVATE')
  })

  it.each<[string, string]>([
    ['redis', 'localhost:6379'],
    ['redis', 'redis://'],
    ['redis-secret', 'fifteen-letters'],
    ['redis-prefix', 'a{b}'],
    ['redis-prefix', 'a*'],
    ['redis-max-object', '0'],
    ['redis-deadline', '0'],
    ['redis-deadline', '11s'],
    ['redis-claims', 'maybe'],
    ['redis-stale-limit', '0'],
    ['node-name', 'a b'],
  ])('refuse --%s %j', (flag, text) => {
    refused(() => values({ [flag]: [text] }))
  })

  it.each<[Partial<RedisInput>]>([
    [{ secret: 'short' }],
    [{ prefix: '' }],
    [{ deadline: 0 }],
    [{ maxObject: 1.5 }],
    [{ servers: [] }],
    [{ node: '' }],
  ])('are refused with the same bounds: %j', (input) => {
    refused(() => resolveSettings({ redis: { servers: 'redis://a', ...input } }))
  })

  it('are a mistake without a server, and so is a server that cannot be', () => {
    expect(refused(() => checkValues(values({ 'redis-prefix': ['x:'] })))).toContain('--redis-prefix cannot be used: no Redis is given')
    expect(refused(() => checkValues(values({ 'redis-claims': ['off'] })))).toContain('--redis-claims')
    expect(refused(() => checkValues(values({ redis: ['redis://a:99999'] })))).toContain('"a:99999" is not host:port')
    checkValues(values({ redis: ['redis://a'], 'redis-prefix': ['x:'] }))
    checkValues(values({ 'node-name': ['edge-1'] }))
  })
})
