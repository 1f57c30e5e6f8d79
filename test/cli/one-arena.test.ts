import { readFileSync } from 'node:fs'
import { expect, it, onTestFinished } from 'vitest'
import { startCli } from '../support/cli.ts'

/** What the environment of a server says of arenas, once it listens; its process is still the one that was started. */
async function arenas(workers: number, env: Readonly<Record<string, string>> = {}): Promise<string | undefined> {
  const cli = startCli(
    ['http://127.0.0.1:9', '--workers', String(workers), '--memory', '16M', '--listen', '127.0.0.1:0', '--admin', '127.0.0.1:0'],
    { env },
  )
  onTestFinished(async () => {
    cli.kill('SIGKILL')
    await cli.ended
  })
  await cli.event(({ event }) => event === 'listening')
  const environment = readFileSync(`/proc/${cli.child.pid}/environ`, 'utf8').split('\0')
  return environment.find((each) => each.startsWith('MALLOC_ARENA_MAX='))
}

it.runIf(process.platform === 'linux').each([
  [2, {}, 'MALLOC_ARENA_MAX=1'],
  [2, { MALLOC_ARENA_MAX: '4' }, 'MALLOC_ARENA_MAX=4'],
  [1, {}, undefined],
] as const)('%i workers under %j allocate from what the environment then says: %s', async (workers, env, expected) => {
  expect(await arenas(workers, env)).toBe(expected)
})
