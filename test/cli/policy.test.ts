import { afterEach, describe, expect, it } from 'vitest'
import { Folder, showing } from '../policy/folder.ts'
import { type Cli, runCli, startCli } from '../support/cli.ts'

const EPHEMERAL = ['--listen', '127.0.0.1:0', '--admin', 'off']

const started: Cli[] = []

afterEach(async () => {
  for (const cli of started.splice(0)) {
    cli.kill('SIGKILL')
    await cli.ended
  }
})

async function start(args: readonly string[], env: Record<string, string> = {}): Promise<{ cli: Cli; word: () => Promise<string | null> }> {
  const cli = startCli([...args, ...EPHEMERAL], { env })
  started.push(cli)
  const { listen } = await cli.event(({ event }) => event === 'listening')
  const [address] = listen as string[]
  return { cli, word: async () => (await fetch(`http://${address}/`)).headers.get('x-policy') }
}

const inUse = (cli: Cli, policy: string): Promise<unknown> => cli.event((line) => line['event'] === 'policy' && line['policy'] === policy)

describe('clearcoat --policy', () => {
  it.each([1, 2])('serves with the policy, and with the changed one after SIGHUP, with %d workers', async (workers) => {
    const folder = new Folder({ 'shop.ts': showing('one') })
    const { cli, word } = await start(['--policy', folder.of('shop.ts'), '--workers', String(workers)])
    // By as many connections as reach every worker.
    const words = (): Promise<(string | null)[]> => Promise.all(Array.from({ length: 12 }, word))
    expect(new Set(await words())).toEqual(new Set(['one']))
    folder.write('shop.ts', showing('two'))
    cli.kill('SIGHUP')
    await inUse(cli, 'shop-2')
    expect(new Set(await words())).toEqual(new Set(['two']))
    cli.kill('SIGTERM')
    expect(await cli.ended).toMatchObject({ code: 0, stderr: '' })
  })

  it('serves on with the old one when the new one is broken at SIGHUP, and says where', async () => {
    const folder = new Folder({ 'shop.ts': showing('one') })
    const { cli, word } = await start([], { CLEARCOAT_POLICY: folder.of('shop.ts') })
    folder.write('shop.ts', 'export default {\n  recv( }')
    cli.kill('SIGHUP')
    const error = await cli.event(({ level }) => level === 'error')
    expect(error).toMatchObject({ event: 'policy', file: folder.of('shop.ts'), line: 2, column: 9 })
    expect(await word()).toBe('one')
  })

  it.each([1, 2])('reloads by itself with --watch, with %d workers', async (workers) => {
    const folder = new Folder({ 'shop.ts': showing('one') })
    const { cli, word } = await start(['--policy', folder.of('shop.ts'), '--watch', '--workers', String(workers)])
    folder.replace('shop.ts', showing('two'))
    await inUse(cli, 'shop-2')
    expect(await word()).toBe('two')
  })

  it.each([
    ['does not parse', 'export default {\n  recv( }', ':2:9: '],
    ['throws', `throw new Error('no luck')`, ':1:7: no luck'],
    ['has no policy', 'export const a = 1', 'no default export'],
    ['fails in init', `export default { init() { throw new Error('no database') } }`, 'no database'],
  ])('ends with 78, what, why and how, when the policy %s', async (_how, text, word) => {
    const folder = new Folder({ 'shop.ts': text })
    const { code, stdout, stderr } = await runCli(['--policy', folder.of('shop.ts'), ...EPHEMERAL])
    expect(code).toBe(78)
    expect(stdout).toBe('')
    expect(stderr).toMatch(/^clearcoat: the policy .+ cannot be used\n {2}why: .+\n {2}fix: .+\n$/)
    expect(stderr).toContain(word)
  })

  it('ends with 78 when there is nothing to watch', async () => {
    expect(await runCli(['--watch', ...EPHEMERAL])).toMatchObject({ code: 78, stderr: expect.stringContaining('--policy FILE') })
  })
})
