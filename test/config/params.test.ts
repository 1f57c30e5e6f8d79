import { describe, expect, it } from 'vitest'
import { ConfigError } from '../../src/config/config-error.ts'
import { formatParam, PARAMETERS, ParamError, Params } from '../../src/config/params.ts'
import { resolveSettings } from '../../src/config/resolve.ts'
import { PRESETS } from '../../vcl-ts/builtin/decisions.ts'

const params = (preset: 'safe' | 'rfc9111' | 'varnish' = 'safe'): Params => new Params(resolveSettings({ preset, memory: 64 * 1024 ** 2 }))

function thrown(run: () => unknown): ParamError {
  try {
    run()
  } catch (error) {
    expect(error).toBeInstanceOf(ParamError)
    return error as ParamError
  }
  throw new Error('nothing was thrown')
}

describe('the table of parameters', () => {
  it('names each once, in order, in words as Varnish’s', () => {
    const names = PARAMETERS.map(({ name }) => name)
    expect(names).toEqual([...new Set(names)].sort())
    for (const { name, prose } of PARAMETERS) {
      expect(name).toMatch(/^[a-z]+(?:_[a-z]+)*$/)
      expect(prose).toMatch(/^[A-Z].*\.$/)
    }
  })

  it('holds what the issue asks for', () => {
    const asked =
      'default_ttl default_grace default_keep uncacheable_ttl shortlived connect_timeout first_byte_timeout between_bytes_timeout ' +
      'timeout_idle idle_send_timeout send_timeout max_restarts max_retries http_req_hdr_len http_req_size http_max_hdr http_resp_hdr_len ' +
      'http_resp_size ban_lurker_age'
    expect(PARAMETERS.map(({ name }) => name)).toEqual(expect.arrayContaining(asked.split(' ')))
  })

  it('has defaults within the bounds, and bounds that the start-up options accept', () => {
    for (const preset of PRESETS)
      for (const { name, value, default: fallback, min, max } of params(preset).list()) {
        expect(value, name).toBe(fallback)
        expect(value, name).toBeGreaterThanOrEqual(min)
        expect(value, name).toBeLessThanOrEqual(max)
      }
    for (const pick of ['min', 'max'] as const) {
      const extreme = params()
      for (const parameter of PARAMETERS) extreme.set(parameter.name, parameter[pick])
      const { limits, deadlines } = extreme.settings
      expect(() => resolveSettings({ limits, deadlines }), pick).not.toThrow()
    }
  })

  it('knows the preset’s own lifetimes', () => {
    const lifetimes = (preset: (typeof PRESETS)[number]): number[] =>
      ['default_ttl', 'default_grace', 'default_keep', 'uncacheable_ttl'].map((name) => params(preset).get(name).value)
    expect(lifetimes('safe')).toEqual([0, 0, 3600, 120])
    expect(lifetimes('rfc9111')).toEqual([0, 0, 3600, 120])
    expect(lifetimes('varnish')).toEqual([120, 10, 0, 120])
  })
})

describe('a parameter', () => {
  it('takes numbers, and text with units', () => {
    const all = params()
    const values = (name: string, ...given: (string | number)[]): number[] => given.map((each) => all.set(name, each).value)
    expect(values('default_ttl', 10, '10', '10s', '1.5m', '500ms', '1h', '1w')).toEqual([10, 10, 10, 90, 0.5, 3600, 604_800])
    expect(values('http_req_size', 2048, '2048', '2048b', '32k', '32K', '32KiB', '1M', '1.5k')).toEqual([
      2048, 2048, 2048, 32_768, 32_768, 32_768, 1_048_576, 1536,
    ])
    expect(values('max_restarts', 0, '7')).toEqual([0, 7])
  })

  it('refuses what it cannot be, says its bounds, and stays as it was', () => {
    const all = params()
    const before = all.list()
    for (const [name, value] of [
      ['default_ttl', '-1'],
      ['default_ttl', ''],
      ['default_ttl', '10 apples'],
      ['default_ttl', '1e3'],
      ['default_ttl', Number.NaN],
      ['default_ttl', Number.POSITIVE_INFINITY],
      ['connect_timeout', '0'],
      ['http_req_size', '10b'],
      ['http_req_size', '1G'],
      ['http_req_size', '-1k'],
      ['max_restarts', '1.5'],
      ['max_restarts', '101'],
      ['max_restarts', '4s'],
    ] as const) {
      const error = thrown(() => all.set(name, value))
      expect(error.code).toBe('value')
      expect(error.why).toMatch(/ from \S+ to \S+$/)
    }
    expect(all.list()).toEqual(before)
    expect(thrown(() => all.set('http_req_size', '1G')).why).toBe('it takes bytes from 1k to 16M')
  })

  it('that does not exist gets a guess', () => {
    const error = thrown(() => params().get('default_tll'))
    expect([error.code, error.how]).toEqual(['unknown', expect.stringContaining('default_ttl')])
    expect(thrown(() => params().set('toString', 1)).code).toBe('unknown')
    expect(error).toBeInstanceOf(ConfigError)
  })

  it('goes back to the default of the preset', () => {
    const all = params('varnish')
    all.set('default_grace', 99)
    expect(all.reset('default_grace').value).toBe(10)
  })

  it('changes no settings that somebody holds, and no other process’s', () => {
    const [one, other] = [params(), params()]
    const held = one.settings.limits
    one.set('max_restarts', 9)
    one.set('default_ttl', 9)
    expect([held.restarts, one.settings.limits.restarts, other.settings.limits.restarts]).toEqual([4, 9, 4])
    expect([one.decisions.defaultTtl, other.decisions.defaultTtl, params().decisions.defaultTtl]).toEqual([9, 0, 0])
  })

  it('is shown as Varnish shows it', () => {
    expect([formatParam('seconds', 120), formatParam('bytes', 32_768), formatParam('bytes', 1_048_576)]).toEqual(['120.000', '32k', '1M'])
    expect([formatParam('bytes', 1000), formatParam('fields', 64)]).toEqual(['1000b', '64'])
  })
})
