import { execFile } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { describe, expect, it, onTestFinished } from 'vitest'
import { PRESET_ROWS } from '../../src/cli/init/presets.ts'
import { presets } from '../../vcl-ts/index.ts'
import { reply } from '../journey/site.ts'
import { Folder } from '../policy/folder.ts'
import { startCli } from '../support/cli.ts'
import { RawClient } from '../support/raw-client.ts'
import { ScriptedOrigin } from '../support/scripted-origin.ts'
import { COMPLAINT, command, type Ran } from './command-line.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const TOOLS = `${join(ROOT, 'node_modules/.bin')}:${dirname(process.execPath)}`
const NAMES = PRESET_ROWS.map(({ name }) => name)
const FILES = ['clearcoat.config.ts', 'policy.test.ts', 'policy.ts']

function init(folder: Folder, ...args: readonly string[]): Promise<Ran> {
  return command(['init', ...args], { folder: folder.path })
}

describe('clearcoat init', () => {
  it('writes a configuration, a policy and a test, and says what comes next', async () => {
    const folder = new Folder({})
    const ran = await init(folder, 'wordpress')
    expect(ran).toMatchObject({ code: 0, stderr: '' })
    expect(ran.stdout).toBe(`Written:
  clearcoat.config.ts
  policy.ts
  policy.test.ts

Next:
  clearcoat test policy.test.ts  its tests pass
  clearcoat check policy.ts      types, and what hurts
  clearcoat                      starts it
`)
    expect(readdirSync(folder.path).sort()).toEqual(FILES)
  })

  it('makes the folder that is named', async () => {
    const folder = new Folder({})
    const ran = await init(folder, 'api', 'my caches/api', '--origin', 'http://10.0.0.5:3000')
    expect(ran.code).toBe(0)
    expect(ran.stdout).toContain(`  my caches/api/policy.ts\n`)
    expect(ran.stdout).toContain(`  cd 'my caches/api'\n`)
    expect(readFileSync(folder.of('my caches/api/clearcoat.config.ts'), 'utf8')).toContain(`origin: 'http://10.0.0.5:3000'`)
  })

  it('knows every preset', async () => {
    expect(NAMES).toEqual(Object.keys(presets))
    const ran = await command(['init', '--list'])
    expect(ran.stdout.split('\n').map((line) => line.split(' ')[0])).toEqual([...NAMES, ''])
  })

  it.each(['policy.ts', 'clearcoat.config.ts', 'policy.test.ts'])(
    'writes nothing where there is %s already, unless told to',
    async (name) => {
      const folder = new Folder({ [name]: 'mine' })
      const ran = await init(folder, 'drupal')
      expect(ran).toMatchObject({ code: 1, stdout: '' })
      expect(ran.stderr).toMatch(COMPLAINT)
      expect(ran.stderr).toContain(`why: ${name} is there already\n  fix: choose another folder, or write over with --force`)
      expect(readdirSync(folder.path)).toEqual([name])
      expect(readFileSync(folder.of(name), 'utf8')).toBe('mine')
      expect((await init(folder, 'drupal', '.', '--force')).code).toBe(0)
      expect(readFileSync(folder.of(name), 'utf8')).not.toBe('mine')
    },
  )

  it.each<[readonly string[], number, RegExp]>([
    [['wordpres'], 2, /there is no preset "wordpres"\n.+fix: did you mean wordpress\?/s],
    [['joomla'], 2, /why: the presets are wordpress, magento, .+ clearcoat init --list/s],
    [[], 2, /no preset is given/],
    [['api', '.', '--origin', 'localhost'], 2, /--origin "localhost" cannot be used/],
    [['api', 'file/below'], 1, /the files cannot be written to file\/below/],
  ])('refuses %j', async (args, code, told) => {
    const folder = new Folder({ file: '' })
    const ran = await init(folder, ...args)
    expect(ran).toMatchObject({ code, stdout: '' })
    expect(ran.stderr).toMatch(COMPLAINT)
    expect(ran.stderr).toMatch(told)
    expect(readdirSync(folder.path)).toEqual(['file'])
  })

  it('tells no password of an origin that it refuses', async () => {
    const { stderr } = await init(new Folder({}), 'api', '.', '--origin', 'http://me:secret@host/path?x#y')
    expect(stderr).not.toContain('secret')
  })
})

describe('what is written', () => {
  it('passes its tests, for every preset', async () => {
    const folder = new Folder({})
    for (const name of NAMES) await init(folder, name, name)
    const ran = await command(['test', ...NAMES.map((name) => `${name}/policy.test.ts`)], { folder: folder.path })
    expect(ran).toMatchObject({ code: 0, stderr: '' })
    expect(ran.stdout).not.toContain('✖')
  }, 60_000)

  it.each(NAMES)(
    'is checked without a finding: %s',
    async (name) => {
      const folder = new Folder({})
      await init(folder, name)
      const ran = await command(['check', 'policy.ts'], { folder: folder.path, env: { PATH: TOOLS } })
      expect(ran).toMatchObject({ code: 0, stderr: '' })
      expect(ran.stdout).toMatch(/^Nothing found; types checked by /)
    },
    60_000,
  )

  it('has types, with the options that it shows as well', async () => {
    const folder = new Folder({})
    for (const name of NAMES) {
      await init(folder, name, name)
      const policy = readFileSync(folder.of(`${name}/policy.ts`), 'utf8')
      const changed = policy.replace(/^ {2}\/\/ (\w+: .*, \/\/ )/gm, '  $1')
      expect(changed.split('\n').filter((line) => /^ {2}\w+: .*, \/\/ /.test(line)).length).toBeGreaterThan(2)
      mkdirSync(folder.of(`${name}/changed`))
      writeFileSync(folder.of(`${name}/changed/policy.ts`), changed)
    }
    const options = {
      extends: join(ROOT, 'tsconfig.json'),
      compilerOptions: {
        typeRoots: [join(ROOT, 'node_modules/@types')],
        paths: {
          clearcoat: [join(ROOT, 'src/index.ts')],
          'clearcoat/vcl-ts': [join(ROOT, 'vcl-ts/index.ts')],
          'clearcoat/vcl-ts/testing': [join(ROOT, 'src/testing/index.ts')],
        },
      },
      include: ['**/*.ts'],
    }
    folder.write('tsconfig.json', JSON.stringify(options))
    folder.write('package.json', '{ "type": "module" }')
    const run = promisify(execFile)(join(ROOT, 'node_modules/.bin/tsc'), ['-p', folder.path, '--pretty', 'false'], {
      env: { ...process.env, PATH: TOOLS },
    })
    await expect(run).resolves.toMatchObject({ stdout: '' })
    for (const name of NAMES)
      expect((await command(['check', `${name}/changed/policy.ts`], { folder: folder.path, env: { PATH: '' } })).code).toBe(0)
  }, 60_000)

  it('starts', async () => {
    const origin = await ScriptedOrigin.start((_hit, response) => reply(response, 200, {}, 'a page'))
    onTestFinished(() => origin.close())
    const folder = new Folder({})
    await init(folder, 'wordpress', '.', '--origin', origin.url)
    const cli = startCli(['--config', folder.of('clearcoat.config.ts'), '--listen', '127.0.0.1:0', '--admin', 'off', '--log', 'json'])
    onTestFinished(() => cli.kill('SIGKILL'))
    const { listen, policy } = await cli.event(({ event }) => event === 'listening')
    expect(String(policy)).toContain('policy.ts')
    const get = async (cookie: string): Promise<string | undefined> => {
      const client = await RawClient.connect((listen as string[])[0] as string)
      const answer = await client.request(`GET /page HTTP/1.1\r\nHost: www.example\r\nCookie: ${cookie}\r\nConnection: close\r\n\r\n`)
      client.destroy()
      return answer.get('x-cache')
    }
    const decisions = [await get('_ga=1'), await get('theme=dark'), await get('wordpress_logged_in_0123456789abcdef0123456789abcdef=ada')]
    expect(decisions).toEqual(['MISS', 'HIT', 'PASS'])
    cli.kill('SIGTERM')
    expect((await cli.ended).code).toBe(0)
    expect(existsSync(folder.of('policy.ts'))).toBe(true)
  })
})
