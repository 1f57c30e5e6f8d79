import { describe, expect, it } from 'vitest'
import { ConfigError } from '../../src/config/config-error.ts'
import { type ConfigValues, configValues } from '../../src/config/config-values.ts'
import { ALL_OPTIONS, DEADLINE_OPTIONS, LIMIT_OPTIONS, OPTIONS } from '../../src/config/options.ts'
import { resolveOption, resolveOptions } from '../../src/config/resolve.ts'

const SOURCE = {
  file: '/etc/clearcoat/clearcoat.config.ts',
  name: 'clearcoat.config.ts',
  placeOf: (path: readonly string[]) => `here ${path.join('.')}`,
}

const read = (exported: unknown): ConfigValues => configValues(exported, SOURCE)

function refusal(exported: unknown): ConfigError {
  try {
    read(exported)
  } catch (error) {
    if (error instanceof ConfigError) return error
    throw error
  }
  throw new Error('it was taken')
}

describe('a configuration file', () => {
  it('takes every option by its name in camelCase, limits and deadlines in groups', () => {
    const defaults = (rows: object): object =>
      Object.fromEntries(Object.entries(rows).map(([key, row]) => [key, (row as { default: unknown }).default]))
    const { values } = read({ ...defaults(OPTIONS), limits: defaults(LIMIT_OPTIONS), deadlines: defaults(DEADLINE_OPTIONS) })
    expect(values.size).toBe(ALL_OPTIONS.length)
    expect(values.get('limits.waiters')).toBe(LIMIT_OPTIONS.waiters.default)
  })

  it('takes sizes, times and lists as flags write them, too', () => {
    const { values } = read({
      memory: '512M',
      admin: 'off',
      listen: ':80, :81',
      trust: ['10.0.0.0/8'],
      log: 'combined',
      watch: 'on',
      deadlines: { drain: '5m', head: 3 },
      limits: { requestHead: '64K' },
      params: { default_ttl: 10, default_grace: '3s' },
    })
    expect(Object.fromEntries(values)).toEqual({
      memory: 512 * 1024 ** 2,
      admin: null,
      listen: [':80', ':81'],
      trust: ['10.0.0.0/8'],
      log: { format: 'combined', file: null },
      watch: true,
      'deadlines.drain': 300,
      'deadlines.head': 3,
      'limits.requestHead': 65_536,
      params: { default_ttl: '10', default_grace: '3s' },
    })
  })

  it('begins relative paths at its folder', () => {
    const { values } = read({ policy: './shop.ts', log: 'json:../log/access.log', vclLabels: { shop: 'shop.vcl' } })
    expect(values.get('vclLabels')).toEqual({ shop: '/etc/clearcoat/shop.vcl' })
    expect(values.get('policy')).toBe('/etc/clearcoat/shop.ts')
    expect(values.get('log')).toEqual({ format: 'json', file: '/etc/log/access.log' })
    expect(read({ policy: '/srv/shop.ts' }).values.get('policy')).toBe('/srv/shop.ts')
  })

  it('says nothing with undefined', () => {
    expect(read({ memory: undefined, limits: { waiters: undefined } }).values.size).toBe(0)
  })

  it.each<[unknown, string, string]>([
    [{ memry: 1 }, 'here memry', 'did you mean memory?'],
    [{ max_object: 1 }, 'here max_object', 'did you mean maxObject?'],
    [{ limits: { waitres: 1 } }, 'here limits.waitres', 'did you mean waiters?'],
    [{ waiters: 1 }, 'here waiters', 'write limits: { waiters: … }'],
    [{ limits: { drain: 1 } }, 'here limits.drain', 'write deadlines: { drain: … }'],
    [{ limits: { memory: 1 } }, 'here limits.memory', 'write memory'],
    [{ somethingElseAltogether: 1 }, 'here somethingElseAltogether', 'use origin, originCa'],
    [{ toString: 1 }, 'here toString', 'use'],
    [{ limits: 5 }, 'here limits', 'limits: { … }'],
    [{ deadlines: null }, 'here deadlines', 'deadlines: { … }'],
    [{ memory: 10 }, 'here memory', 'leave it out'],
    [{ memory: 'lots' }, 'here memory', 'leave it out'],
    [{ listen: [80] }, 'here listen', 'leave it out'],
    [{ watch: 1 }, 'here watch', 'leave it out'],
    [{ deadlines: { drain: '-1s' } }, 'here deadlines.drain', 'leave it out'],
    [{ params: { default_ttl: {} } }, 'here params', 'leave it out'],
    [undefined, 'clearcoat.config.ts', 'export default'],
    [[], 'clearcoat.config.ts', 'export default'],
    ['text', 'clearcoat.config.ts', 'export default'],
  ])('refuses %j, with its place and how to mend it', (exported, place, how) => {
    const error = refusal(exported)
    expect(error.what).toContain(place)
    expect(error.how).toContain(how)
  })

  it('shows no secrets in what it refuses', () => {
    expect(refusal({ purgeToken: 'short' }).message).not.toContain('short')
    expect(refusal({ preset: 'http://user:hunter2@host' }).message).not.toContain('hunter2')
  })

  it('wins over the default, and variables and flags win over it', () => {
    const file = read({ name: 'from-file', preset: 'rfc9111', memory: '64M', limits: { waiters: 7 } })
    const env = { CLEARCOAT_NAME: 'from-env', CLEARCOAT_MEMORY: '128M' }
    const { values, limits } = resolveOptions({ flags: { memory: ['256M'] }, env, file })
    expect(values).toMatchObject({ name: 'from-env', preset: 'rfc9111', memory: 256 * 1024 ** 2 })
    expect(limits.waiters).toBe(7)
  })

  it('has its parameters merged with those of variable and flags, name by name', () => {
    const texts = {
      flags: { param: ['default_ttl=1s', 'max_retries=2'] },
      env: { CLEARCOAT_PARAM: 'default_ttl=2s,default_grace=5s' },
      file: read({ params: { default_ttl: '3s', default_keep: '4s' } }),
    }
    expect(resolveOption(OPTIONS.params, 'params', texts)).toEqual({
      value: { default_ttl: '1s', max_retries: '2', default_grace: '5s', default_keep: '4s' },
      origin: 'flag --param, CLEARCOAT_PARAM, clearcoat.config.ts',
    })
  })
})
