import { expect, expectTypeOf, it } from 'vitest'
import type { OptionValues } from '../../src/config/options.ts'
import { type Config, type Deadlines, defineConfig, type Limits } from '../../src/index.ts'

it('types every key of the configuration file', () => {
  expectTypeOf<keyof Config>().toEqualTypeOf<keyof OptionValues | 'limits' | 'deadlines'>()
  expectTypeOf<keyof NonNullable<Config['limits']>>().toEqualTypeOf<keyof Limits>()
  expectTypeOf<keyof NonNullable<Config['deadlines']>>().toEqualTypeOf<keyof Deadlines>()
})

it('takes what flags take, and refuses what is no option', () => {
  const config = { memory: '512M', log: 'json:access.log', deadlines: { drain: '30s', bodyRate: '1K' }, listen: ':80' } as const
  expect(defineConfig(config)).toEqual(config)
  // @ts-expect-error There is no such key.
  defineConfig({ memry: 1 })
  // @ts-expect-error There is no such limit.
  defineConfig({ limits: { waitres: 1 } })
  // @ts-expect-error Not a size.
  defineConfig({ memory: 'lots' })
  // @ts-expect-error Not a preset.
  defineConfig({ preset: 'fast' })
})
