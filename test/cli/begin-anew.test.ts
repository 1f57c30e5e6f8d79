import { readFileSync } from 'node:fs'
import { expect, it, onTestFinished } from 'vitest'
import { startCli } from '../support/cli.ts'

/** What a server was begun with, once it listens; its process is still the one that was started. */
async function begun(
  workers: number,
  env: Readonly<Record<string, string>> = {},
): Promise<{ readonly arenas: string | undefined; readonly young: string | undefined }> {
  const cli = startCli(
    ['http://127.0.0.1:9', '--workers', String(workers), '--memory', '16M', '--listen', '127.0.0.1:0', '--admin', '127.0.0.1:0'],
    { env },
  )
  onTestFinished(async () => {
    cli.kill('SIGKILL')
    await cli.ended
  })
  await cli.event(({ event }) => event === 'listening')
  const [environment, line] = ['environ', 'cmdline'].map((name) => readFileSync(`/proc/${cli.child.pid}/${name}`, 'utf8').split('\0')) as [
    string[],
    string[],
  ]
  return {
    arenas: environment.find((each) => each.startsWith('MALLOC_ARENA_MAX=')),
    young: line.find((each) => each.startsWith('--max-semi-space-size')),
  }
}

it.runIf(process.platform === 'linux').each([
  [2, {}, 'MALLOC_ARENA_MAX=1', '--max-semi-space-size=8'],
  [2, { MALLOC_ARENA_MAX: '4' }, 'MALLOC_ARENA_MAX=4', '--max-semi-space-size=8'],
  [2, { NODE_OPTIONS: '--max-semi-space-size=32' }, 'MALLOC_ARENA_MAX=1', undefined],
  [1, {}, undefined, undefined],
] as const)('%i workers under %j have %s and %s', async (workers, env, arenas, young) => {
  expect(await begun(workers, env)).toEqual({ arenas, young })
})
