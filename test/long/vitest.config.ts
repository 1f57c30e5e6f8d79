import { fileURLToPath } from 'node:url'
import { defineConfig, type ViteUserConfig } from 'vitest/config'

const config: ViteUserConfig = defineConfig({
  test: {
    root: fileURLToPath(new URL('../..', import.meta.url)),
    include: ['test/long/**/*.long.ts'],
    testTimeout: 24 * 60 * 60_000,
    // Each measures time, handles and memory of its process.
    fileParallelism: false,
    disableConsoleIntercept: true,
  },
})

export default config
