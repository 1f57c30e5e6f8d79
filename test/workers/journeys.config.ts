/** The journeys again, with two workers in front of one origin: `npm run test:workers`. */
import { defineConfig, mergeConfig, type ViteUserConfig } from 'vitest/config'
import base from '../../vitest.config.ts'

const config: ViteUserConfig = mergeConfig(
  { ...base, test: { ...base.test, include: [] } },
  defineConfig({
    test: {
      name: 'workers',
      include: ['test/journey/**/*.test.ts'],
      env: { CLEARCOAT_TEST_WORKERS: '2' },
    },
  }),
)

export default config
