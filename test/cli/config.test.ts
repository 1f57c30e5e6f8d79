import { describe, expect, it, onTestFinished } from 'vitest'
import { Folder } from '../policy/folder.ts'
import { type Cli, startCli } from '../support/cli.ts'
import { COMPLAINT, command, type Ran } from './command-line.ts'

const FULL = `import { defineConfig } from 'clearcoat'
import { port } from './port.ts'

export default defineConfig({
  listen: \`127.0.0.1:\${port}\`,
  policy: './shop.ts',
  adminToken: 'hunter2-hunter2',
  limits: {
    waiters: 5,
  },
})
`
const PORT = 'export const port: number = 8081\n'

function config(folder: Folder, args: readonly string[] = [], env: Record<string, string> = {}): Promise<Ran> {
  return command(['config', ...args], { folder: folder.path, env })
}

/** Key → columns of the table. */
function table(text: string): Record<string, string[]> {
  return Object.fromEntries(text.split('\n').map((line) => [line.split(/ +/, 1)[0] ?? '', line.split(/ {2,}/).slice(1)]))
}

describe('clearcoat config', () => {
  it('prints what is in effect', async () => {
    const folder = new Folder({ 'clearcoat.config.ts': FULL, 'port.ts': PORT })
    const { code, stdout, stderr } = await config(folder)
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(table(stdout)).toMatchObject({
      KEY: ['VALUE'],
      listen: ['127.0.0.1:8081'],
      policy: [folder.of('shop.ts')],
      adminToken: ['***'],
      preset: ['safe'],
      'limits.waiters': ['5'],
      'deadlines.drain': ['30s'],
    })
    expect(stdout).not.toContain('hunter2')
  })

  it('says with --origin where each value came from', async () => {
    const folder = new Folder({ 'clearcoat.config.ts': FULL, 'port.ts': PORT, token: 'open-sesame\n' })
    const env = { CLEARCOAT_NAME: 'edge', CLEARCOAT_PURGE_TOKEN_FILE: folder.of('token'), CLEARCOAT_LIMIT_WAITERS: '6' }
    const { stdout } = await config(folder, ['http://127.0.0.1:3000', '--origin', '--listen', ':80'], env)
    expect(table(stdout)).toMatchObject({
      origin: ['operand ORIGIN', 'http://127.0.0.1:3000'],
      listen: ['flag --listen', ':80'],
      name: ['CLEARCOAT_NAME', 'edge'],
      policy: ['clearcoat.config.ts', folder.of('shop.ts')],
      purgeToken: ['CLEARCOAT_PURGE_TOKEN_FILE', '***'],
      'limits.waiters': ['CLEARCOAT_LIMIT_WAITERS', '6'],
      preset: ['default', 'safe'],
    })
  })

  it('prints JSON with --json, origins too', async () => {
    const folder = new Folder({ 'clearcoat.config.ts': FULL, 'port.ts': PORT })
    const plain = JSON.parse((await config(folder, ['--json', '--memory', '64M'])).stdout)
    expect(plain).toMatchObject({ memory: 64 * 1024 ** 2, adminToken: '***', 'limits.waiters': 5, maxObject: null, purgeToken: null })
    const origins = JSON.parse((await config(folder, ['--json', '--origin'])).stdout)
    expect(origins).toMatchObject({
      'limits.waiters': { value: 5, origin: 'clearcoat.config.ts' },
      name: { value: 'Clearcoat', origin: 'default' },
    })
  })

  it('shows no password of an origin', async () => {
    const folder = new Folder({ 'clearcoat.config.js': `export default { origin: 'http://user:hunter2@127.0.0.1' }` })
    const { code, stderr } = await config(folder)
    expect(code).toBe(78)
    expect(stderr).not.toContain('hunter2')
  })

  it('takes several origins from the file, or one', async () => {
    const several = new Folder({ 'clearcoat.config.js': `export default { origin: ['http://a', 'http://b'] }` })
    expect(JSON.parse((await config(several, ['--json'])).stdout)).toMatchObject({ origin: ['http://a', 'http://b'] })
    const one = new Folder({ 'clearcoat.config.js': `export default { origin: 'http://a' }` })
    expect(JSON.parse((await config(one, ['--json'])).stdout)).toMatchObject({ origin: ['http://a'] })
  })

  it.each(['clearcoat.config.ts', 'clearcoat.config.mts', 'clearcoat.config.js', 'clearcoat.config.mjs'])('finds %s', async (name) => {
    const folder = new Folder({ [name]: `export default { name: 'found' }` })
    expect(table((await config(folder, ['--origin'])).stdout)['name']).toEqual([name, 'found'])
  })

  it('takes another file, or none, as --config or CLEARCOAT_CONFIG say', async () => {
    const folder = new Folder({ 'clearcoat.config.ts': `export default { name: 'here' }`, 'other.ts': `export default { name: 'other' }` })
    const name = async (args: readonly string[], env: Record<string, string> = {}): Promise<unknown> =>
      (JSON.parse((await config(folder, ['--json', ...args], env)).stdout) as { name: unknown }).name
    expect(await name(['--config', 'other.ts'])).toBe('other')
    expect(await name([], { CLEARCOAT_CONFIG: folder.of('other.ts') })).toBe('other')
    expect(await name(['--config', 'off'])).toBe('Clearcoat')
    expect(await name([])).toBe('here')
  })

  it.each<[string, string, string, string]>([
    ['does not parse', 'export default {', 'clearcoat.config.ts:1:17: ', 'correct it there'],
    ['throws', `\nthrow new Error('no luck')`, 'clearcoat.config.ts:2:7: no luck', 'correct it there'],
    ['awaits', 'export default await 1', 'clearcoat.config.ts:1:16: a configuration cannot await', 'correct it there'],
    ['exports nothing', 'export const a = 1', 'no default export', 'defineConfig'],
    ['has an unknown key', `export default {\n  limits: {\n    waitres: 1 } }`, 'clearcoat.config.ts:3:5: limits.waitres', 'waiters'],
    ['has a value that cannot be', `const a = { memory: 1 }\nexport default a`, 'clearcoat.config.ts:1:13: memory', '1 MiB'],
    [
      'has a key that is elsewhere too',
      `const other = { memory: 5 }\nexport const more = [other]\nexport default {\n  memory: 1 }`,
      'clearcoat.config.ts:4:3: memory',
      '1 MiB',
    ],
    ['names what cannot be', `export default { listen: '80' }`, '"80"', 'host:port'],
    ['has an unknown parameter', `export default { params: { default_tl: 1 } }`, 'default_tl', 'default_ttl'],
    [
      'imports what it cannot',
      `import { createServer } from 'clearcoat/vcl-ts'\nexport default { name: createServer }`,
      'clearcoat/vcl-ts',
      'correct it',
    ],
  ])('ends with 78 when the file %s', async (_how, text, place, how) => {
    const folder = new Folder({ 'clearcoat.config.ts': text })
    const { code, stdout, stderr } = await config(folder)
    expect({ code, stdout }).toEqual({ code: 78, stdout: '' })
    expect(stderr).toMatch(COMPLAINT)
    expect(stderr).toContain(place)
    expect(stderr).toContain(how)
  })

  it('ends with 78 when the file that is named is not there', async () => {
    const { code, stderr } = await config(new Folder({}), ['--config', 'none.ts'])
    expect(code).toBe(78)
    expect(stderr).toContain('flag --config')
  })
})

describe('a start', () => {
  async function start(folder: Folder, args: readonly string[] = []): Promise<{ cli: Cli; event: Record<string, unknown> }> {
    const cli = startCli(['--config', folder.of('clearcoat.config.ts'), '--listen', '127.0.0.1:0', ...args])
    onTestFinished(async () => {
      cli.kill('SIGKILL')
      await cli.ended
    })
    return { cli, event: await cli.event(({ event }) => event === 'listening') }
  }

  it('takes its options from the file, and its parameters from everywhere', async () => {
    const folder = new Folder({
      'clearcoat.config.ts': `import { defineConfig } from 'clearcoat'
export default defineConfig({ admin: '127.0.0.1:0', memory: '64M', policy: './shop.ts', params: { default_grace: '7s', default_ttl: '8s' } })`,
      'shop.ts': 'export default {}',
    })
    const { event } = await start(folder, ['--param', 'default_ttl=9s', '--param', 'max_retries=2'])
    expect(event).toMatchObject({ memory: 64 * 1024 ** 2, policy: folder.of('shop.ts') })
    const { stdout } = await command(['adm', 'param.show changed', '--admin', String(event['admin'])])
    expect(stdout).toMatch(/^default_ttl +9\.000 \[seconds\]$/m)
    expect(stdout).toMatch(/^default_grace +7\.000 \[seconds\]$/m)
    expect(stdout).toMatch(/^max_retries +2 \[retries\]$/m)
  })
})
