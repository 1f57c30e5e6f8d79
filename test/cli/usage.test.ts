import type { AddressInfo } from 'node:net'
import { createServer } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { COMMANDS } from '../../src/cli/commands.ts'
import { ALL_OPTIONS } from '../../src/config/options.ts'
import { type Ended, runCli } from '../support/cli.ts'
import { COMPLAINT, command } from './command-line.ts'

function expectComplaint(ended: Ended, code: number, ...words: string[]): void {
  expect(ended.stderr).toMatch(COMPLAINT)
  expect(ended.code).toBe(code)
  expect(ended.stdout).toBe('')
  for (const word of words) expect(ended.stderr).toContain(word)
}

describe('the command line', () => {
  it('prints help with every option, examples first, and ends with 0', async () => {
    const ended = await runCli(['--help'])
    expect(ended.code).toBe(0)
    expect(ended.stderr).toBe('')
    expect(ended.stdout).toMatch(/^Examples:\n/)
    for (const row of ALL_OPTIONS)
      expect(ended.stdout).toContain(
        row.positional ? row.placeholder : row.placeholder === '' ? `--${row.flag} ` : `--${row.flag} <${row.placeholder}>`,
      )
  })

  it('lists its commands, and each has a help that begins with examples of it', async () => {
    const { stdout } = await command(['--help'])
    for (const { name, summary } of COMMANDS) {
      expect(stdout).toMatch(new RegExp(`^ {2}${name} +${summary.slice(0, 20)}`, 'm'))
      for (const args of [
        [name, '--help'],
        ['help', name],
      ]) {
        const help = await command(args)
        expect(help).toMatchObject({ code: 0, stderr: '' })
        expect(help.stdout).toMatch(new RegExp(`^Examples:\\n {2}.*clearcoat${name === 'serve' ? '' : ` ${name}`}\\b`))
        expect(help.stdout).toContain(`Usage: clearcoat ${name}`)
        if (name !== 'version') expect(help.stdout).toContain('Exit codes:')
      }
    }
  })

  it('guesses the option of a command that was meant', async () => {
    expectComplaint(await command(['purge', '--al']), 2, 'Did you mean --all?', 'clearcoat purge --help')
  })

  it('prints its version', async () => {
    const ended = await runCli(['--version'])
    expect(ended.code).toBe(0)
    expect(ended.stdout).toMatch(/^\d+\.\d+\.\d+\n$/)
  })

  it('prints what runs here', async () => {
    const { node, v8 } = process.versions
    const facts = { clearcoat: expect.stringMatching(/^\d+\.\d+\.\d+$/), node, v8, platform: `${process.platform} ${process.arch}` }
    expect(JSON.parse((await command(['version', '--json'])).stdout)).toEqual(facts)
    expect((await command(['version'])).stdout).toMatch(new RegExp(`^node +${node}$`, 'm'))
  })

  it('ends with 2 on an unknown option, and guesses what was meant', async () => {
    expectComplaint(await runCli(['--lisen', ':1']), 2, '--lisen', 'Did you mean --listen?')
  })

  it.each([
    [['--memory'], '--memory'],
    [['--memory', 'lots'], '"lots"'],
    [['--memory', '1K'], '1 MiB'],
    [['--preset', 'fast'], 'safe, rfc9111, varnish'],
    [['--log', 'xml'], 'none, json, combined, pretty'],
    [['--drain', 'soon'], '--drain'],
    [['--name', 'two words'], '--name'],
    [['prge'], 'Did you mean purge?'],
    [['frobnicate'], 'unknown command'],
    [['http://127.0.0.1:1', 'http://127.0.0.1:2'], 'too many arguments'],
  ])('ends with 2 when it cannot be understood: %j', async (args, word) => {
    expectComplaint(await command(args), 2, word)
  })

  it.each([
    [['--admin', '0.0.0.0:6082'], 'other machines'],
    [['--admin', ':6082'], '127.0.0.1:6082'],
    [['--trust', '10.0.0.0/33'], '10.0.0.0/8'],
    [['--listen', '8080'], 'host:port'],
    [['http://127.0.0.1:1', '--origin-insecure'], 'https://host:port'],
    [['https://127.0.0.1:1', '--origin-cert', 'c.pem'], 'belong together'],
    [['https://127.0.0.1:1', '--origin-ca', '/nowhere/ca.pem'], 'ENOENT'],
    [['unix:app.sock'], 'absolute path'],
    [['http://app.test', '--dns', 'dns.example'], 'DNS servers'],
    [['ftp://127.0.0.1:1'], 'http://host:port'],
    [['http://127.0.0.1:1/path'], 'path'],
  ])('ends with 78 when it is understood but cannot be: %j', async (args, word) => {
    expectComplaint(await command(args), 78, word)
  })

  it('ends with 78 when a variable cannot be used, and names the variable', async () => {
    expectComplaint(await runCli(['serve'], { env: { CLEARCOAT_MEMORY: 'lots' } }), 78, 'CLEARCOAT_MEMORY="lots"')
  })

  it('ends with 69 and one line on a Node that is too old', async () => {
    const before = 'Object.defineProperty(process, "versions", { value: { ...process.versions, node: "22.9.0" } })'
    const ended = await runCli(['--version'], { before })
    expect(ended).toMatchObject({ code: 69, stdout: '' })
    expect(ended.stderr).toMatch(/^clearcoat: needs Node\.js 24 or newer, and this is 22\.9\.0; .+\n$/)
  })

  it('never shows the password of an origin', async () => {
    for (const args of [
      ['http://user:hunter2@127.0.0.1:1'],
      ['https://user:hunter2@127.0.0.1:1'],
      ['x:1', 'http://user:hunter2@127.0.0.1:1'],
    ]) {
      const ended = await command(args)
      expect(ended.code).not.toBe(0)
      expect(ended.stderr).not.toContain('hunter2')
    }
  })

  it('says control characters in its complaints as text', async () => {
    const ended = await command(['--listen', '\x1b[31mred'])
    expectComplaint(ended, 78)
    expect(ended.stderr).not.toContain('\x1b')
  })
})

describe('an address in use', () => {
  const open: (() => void)[] = []
  afterEach(() => {
    for (const close of open.splice(0)) close()
  })

  async function taken(): Promise<string> {
    const server = createServer()
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    open.push(() => void server.close())
    return `127.0.0.1:${(server.address() as AddressInfo).port}`
  }

  it('ends a start with 69, whether it is the traffic’s or the admin’s', async () => {
    const address = await taken()
    const origin = 'http://127.0.0.1:1'
    expectComplaint(await runCli([origin, '--listen', address, '--admin', 'off']), 69, address, 'EADDRINUSE', '--listen')
    expectComplaint(await runCli([origin, '--listen', '127.0.0.1:0', '--admin', address]), 69, address, 'EADDRINUSE', '--admin')
  })

  it('ends a start of the demo with 69 too', async () => {
    expectComplaint(await runCli(['--listen', await taken(), '--admin', 'off']), 69, 'EADDRINUSE')
  })
})
