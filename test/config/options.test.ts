import { describe, expect, it } from 'vitest'
import { ConfigError } from '../../src/config/config-error.ts'
import { ALL_OPTIONS, envName, OPTIONS } from '../../src/config/options.ts'
import { resolveOptions, resolveSettings, UsageError } from '../../src/config/resolve.ts'
import { defaultDeadlines, defaultLimits } from '../../src/config/settings.ts'

const KIB = 1024
const MIB = 1024 * KIB

type Flags = Record<string, readonly string[]>

const resolve = (flags: Flags = {}, env: Record<string, string> = {}): ReturnType<typeof resolveOptions> => resolveOptions({ flags, env })

describe('the option table', () => {
  it('names each option once, in words that a flag and a variable can have', () => {
    const flags = ALL_OPTIONS.map((row) => row.flag)
    expect(new Set(flags).size).toBe(flags.length)
    for (const flag of flags) expect(flag).toMatch(/^[a-z]+(?:-[a-z]+)*$/)
    expect(envName(OPTIONS.maxObject)).toBe('CLEARCOAT_MAX_OBJECT')
  })

  it('has defaults that its own checks accept', () => {
    for (const row of ALL_OPTIONS) expect(row.kind.schema.safeParse(row.default).success, row.flag).toBe(true)
  })
})

describe('options', () => {
  it('are the defaults where nobody says anything', () => {
    const { values, limits, deadlines } = resolve()
    expect(values).toMatchObject({
      origin: null,
      listen: ['127.0.0.1:8080'],
      admin: '127.0.0.1:6082',
      preset: 'safe',
      name: 'Clearcoat',
      trust: [],
    })
    expect(limits).toEqual(defaultLimits)
    expect(deadlines).toEqual(defaultDeadlines)
  })

  it('come from flags before variables, and from variables before defaults', () => {
    const env = { CLEARCOAT_MEMORY: '2G', CLEARCOAT_NAME: 'edge', CLEARCOAT_PRESET: '' }
    expect(resolve({ memory: ['64M'] }, env).values).toMatchObject({ memory: 64 * 1024 ** 2, name: 'edge', preset: 'safe' })
  })

  it('may be given several times, or once with commas, where they are lists; else the last counts', () => {
    const { values } = resolve({ listen: [':80', '[::1]:81, unix:/x'], name: ['a', 'b'] }, { CLEARCOAT_TRUST: '10.0.0.0/8,fd00::/8' })
    expect(values.listen).toEqual([':80', '[::1]:81', 'unix:/x'])
    expect(values.trust).toEqual(['10.0.0.0/8', 'fd00::/8'])
    expect(values.name).toBe('b')
  })

  it('read sizes, times, counts, log targets and off', () => {
    const flags: Flags = {
      'max-object': ['1.5M'],
      drain: ['500ms'],
      'deadline-connect': ['2'],
      'limit-waiters': ['7'],
      'limit-request-head': ['64K'],
      log: ['combined:/var/log/a:b.log'],
      admin: ['off'],
    }
    const { values, limits, deadlines } = resolve(flags)
    expect(values).toMatchObject({ maxObject: 1.5 * 1024 ** 2, admin: null, log: { format: 'combined', file: '/var/log/a:b.log' } })
    expect(deadlines).toMatchObject({ drain: 0.5, connect: 2 })
    expect(limits).toMatchObject({ waiters: 7, requestHead: 65_536 })
  })

  it('read sizes of slices, and whether there are any', () => {
    const slice = (text: string): number | null => resolve({ slice: [text] }).values.slice
    expect([resolve().values.slice, slice('off'), slice('on'), slice('64K'), slice('64M')]).toEqual([
      null,
      null,
      8 * MIB,
      64 * KIB,
      64 * MIB,
    ])
    for (const wrong of ['63K', '65M', '0', 'yes', '']) expect(() => slice(wrong), wrong).toThrow(UsageError)
    expect(resolveSettings({ slice: 64 * KIB }).slice).toBe(64 * KIB)
    expect(() => resolveSettings({ slice: 1000 })).toThrow(ConfigError)
  })

  it('read switches, which a variable writes as on, true, yes or 1, or their opposites', () => {
    expect(resolve({ watch: ['on'] }, { CLEARCOAT_WATCH: 'off' }).values.watch).toBe(true)
    for (const [text, watch] of Object.entries({ on: true, TRUE: true, yes: true, 1: true, off: false, false: false, no: false, 0: false }))
      expect(resolve({}, { CLEARCOAT_WATCH: text }).values.watch).toBe(watch)
  })

  it.each<[string, string]>([
    ['memory', '1K'],
    ['memory', '1e9'],
    ['memory', ''],
    ['drain', '-1'],
    ['drain', 'NaN'],
    ['drain', '25d'],
    ['deadline-head', '0'],
    ['limit-waiters', '1.5'],
    ['limit-waiters', '99999999999'],
    ['limit-variants', '0'],
    ['name', 'a b'],
    ['name', 'a\r\nb'],
    ['name', ''],
    ['preset', 'Safe'],
    ['log', 'json:'],
    ['watch', 'maybe'],
    ['policy', ''],
    ['label', 'shop'],
    ['label', '7=shop.vcl'],
    ['listen', ''],
    ['listen', ':80,,:81'],
  ])('refuse --%s %j: a mistake of usage on the command line, of configuration in a variable', (flag, text) => {
    expect(() => resolve({ [flag]: [text] })).toThrow(UsageError)
    if (text === '') return
    const variable = envName({ flag })
    const error = caught(() => resolve({}, { [variable]: text }))
    expect(error).toBeInstanceOf(ConfigError)
    expect(error).not.toBeInstanceOf(UsageError)
    expect((error as ConfigError).what).toContain(variable)
  })
})

describe('settings from the API', () => {
  it('are the defaults, changed where something is given', () => {
    const settings = resolveSettings({ memory: 64 * 1024 ** 2, limits: { waiters: 3 }, deadlines: { drain: 1 } })
    expect(settings).toMatchObject({ preset: 'safe', name: 'Clearcoat', memory: 64 * 1024 ** 2, maxObject: 4 * 1024 ** 2 })
    expect(settings.limits).toEqual({ ...defaultLimits, waiters: 3 })
    expect(settings.deadlines).toEqual({ ...defaultDeadlines, drain: 1 })
  })

  it('never allow an object larger than the budget', () => {
    expect(resolveSettings({ memory: 1024 ** 2, maxObject: 1024 ** 3 }).maxObject).toBe(1024 ** 2)
  })

  it.each([
    [{ memory: Number.NaN }, 'memory'],
    [{ memory: 10 }, 'memory'],
    [{ name: 'a b' }, 'name'],
    [{ preset: 'fast' as 'safe' }, 'preset'],
    [{ limits: { waiters: -1 } }, 'limits.waiters'],
    [{ deadlines: { connect: Number.POSITIVE_INFINITY } }, 'deadlines.connect'],
    [{ limits: { nosuch: 1 } as object }, 'limits.nosuch'],
    [{ limits: { toString: 1 } as object }, 'limits.toString'],
  ])('are refused with the same bounds: %j', (input, path) => {
    const error = caught(() => resolveSettings(input))
    expect(error).toBeInstanceOf(ConfigError)
    expect((error as ConfigError).message).toContain(path)
  })
})

function caught(run: () => unknown): unknown {
  try {
    run()
  } catch (error) {
    return error
  }
  return undefined
}
