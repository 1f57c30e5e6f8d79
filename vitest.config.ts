import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { defineConfig, type ViteUserConfig } from 'vitest/config'

const source = (path: string): string => fileURLToPath(new URL(path, import.meta.url))

const ALONE = ['test/workers/memory.test.ts']

const config: ViteUserConfig = defineConfig({
  // What users import from the package, the examples import from its source; their tests run here and under `clearcoat test`.
  resolve: {
    alias: [
      { find: /^clearcoat\/vcl-ts\/testing$/, replacement: source('test/support/testing-kit.ts') },
      { find: /^clearcoat\/vcl-ts$/, replacement: source('vcl-ts/index.ts') },
    ],
  },
  test: {
    projects: [
      {
        extends: true,
        test: { name: 'one', include: ['test/**/*.test.ts', 'examples/**/*.test.ts'], exclude: ALONE, sequence: { groupOrder: 0 } },
      },
      // What measures what a process takes, when nothing else keeps collectors from their work.
      { extends: true, test: { name: 'alone', include: ALONE, sequence: { groupOrder: 1 }, maxWorkers: 1, isolate: true } },
      // What a client meets, again with two workers over one shared table.
      {
        extends: true,
        test: {
          name: 'two workers',
          include: [
            ...['test/journey/**/*.test.ts', 'test/cache-attacks/**/*.test.ts', 'test/rfc9111/server-*.test.ts'],
            // The others count connections to origins, of which each worker has its own.
            'test/varnish/{cache-decisions,coalescing,revalidation,conditionals-ranges,vary-gzip,esi}.test.ts',
          ],
          // These have several workers of their own.
          exclude: ['test/cache-attacks/fleet-*.test.ts', 'test/journey/redis-*.test.ts'],
          env: { CLEARCOAT_TEST_WORKERS: '2' },
          sequence: { groupOrder: 0 },
        },
      },
    ],
    globalSetup: ['test/setup/global.ts'],
    // Files share what they import: a third less of their time. What measures memory of a process is apart.
    isolate: false,
    // vitest leaves a core idle: on two, half of them.
    maxWorkers: availableParallelism(),
    // Processes and threads that tests start read TypeScript whose types were stripped before.
    env: { NODE_COMPILE_CACHE: join(tmpdir(), 'clearcoat-compile-cache') },
    testTimeout: 20_000,
    hookTimeout: 60_000,
    typecheck: { enabled: false },
  },
})

export default config
