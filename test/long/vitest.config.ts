import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { defineConfig, type ViteUserConfig } from 'vitest/config'

const config: ViteUserConfig = defineConfig({
  test: {
    root: fileURLToPath(new URL('../..', import.meta.url)),
    include: ['test/long/**/*.long.ts'],
    // Threads that tests start read TypeScript whose types were stripped before, as `npm run build` does.
    env: { NODE_COMPILE_CACHE: join(tmpdir(), 'clearcoat-compile-cache') },
    testTimeout: 24 * 60 * 60_000,
    // Each measures time, handles and memory of its process.
    fileParallelism: false,
    disableConsoleIntercept: true,
  },
})

export default config
