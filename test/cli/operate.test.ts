/** The commands that ask a running server, against running servers. */
import { execFile } from 'node:child_process'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { describe, expect, it, onTestFinished } from 'vitest'
import { definePolicy } from '../../vcl-ts/index.ts'
import { type Operated, operated } from '../admin/rig.ts'
import { always } from '../journey/site.ts'
import { Folder } from '../policy/folder.ts'
import { scriptedAdmin } from '../support/scripted-admin.ts'
import type { OriginScript } from '../support/scripted-origin.ts'
import { type Around, COMPLAINT, command, type Ran } from './command-line.ts'

const HOST = 'www.example'
const TOKEN = 'open-sesame'

const tagged: OriginScript = ({ url }, response) =>
  response.writeHead(url === '/gone' ? 404 : 200, { 'Cache-Control': 'max-age=60', 'Cache-Tag': `page, ${url.slice(1)}` }).end(url)

async function filled(paths: readonly string[] = ['/a', '/b', '/gone'], script: OriginScript = tagged): Promise<Operated> {
  const site = await operated(script)
  for (const path of paths) await site.get(path)
  return site
}

function ask(site: Operated, args: readonly string[], around: Around = {}): Promise<Ran> {
  return command(args, { env: { CLEARCOAT_ADMIN: site.server.admin }, ...around })
}

/** Standard output of a command that has to succeed. */
async function said(site: Operated, args: readonly string[], around: Around = {}): Promise<string> {
  const ran = await ask(site, args, around)
  expect(ran.stderr).toBe('')
  expect(ran.code).toBe(0)
  return ran.stdout
}

async function stored(site: Operated): Promise<string[]> {
  const lines = (await said(site, ['ls', '--json', '--all'])).trim().split('\n')
  return lines.filter((line) => line !== '').map((line) => (JSON.parse(line) as { url: string }).url)
}

describe('clearcoat purge', () => {
  it.each<[readonly string[], string, readonly string[]]>([
    [[`http://${HOST}/a`], 'Purged 1 object.\n', ['/b', '/gone']],
    [['/a', '/b', '--host', HOST], 'Purged 1 object.\nPurged 1 object.\n', ['/gone']],
    [['--tag', 'a', '--tag', 'gone'], 'Purged 2 objects.\n', ['/b']],
    [['--prefix', `http://${HOST}/g`], 'Purged 1 object.\n', ['/a', '/b']],
    [['--prefix', '/', '--host', HOST], 'Purged 3 objects.\n', []],
    [['--host', 'elsewhere.example'], 'Purged 0 objects.\n', ['/a', '/b', '/gone']],
    [['--host', HOST], 'Purged 3 objects.\n', []],
    [['--all', '--yes'], 'Purged 3 objects.\n', []],
    [['--all', '--dry-run'], 'Would purge 3 objects; nothing was changed.\n', ['/a', '/b', '/gone']],
    [['--tag', 'page', '--soft', '--dry-run'], 'Would make stale 3 objects; nothing was changed.\n', ['/a', '/b', '/gone']],
  ])('%j drops what it names and says how many', async (args, text, left) => {
    const site = await filled()
    expect(await said(site, ['purge', ...args])).toBe(text)
    expect(await stored(site)).toEqual(left)
  })

  it('makes stale with --soft', async () => {
    const site = await filled()
    expect(await said(site, ['purge', '--tag', 'a', '--soft'])).toBe('Made 1 object stale.\n')
    const [first] = (await said(site, ['ls', '--json'])).split('\n')
    expect(JSON.parse(first ?? '')).toMatchObject({ url: '/a', state: 'stale' })
  })

  it('fetches anew with --refresh', async () => {
    const site = await filled(['/a', '/b'])
    expect(await said(site, ['purge', '--host', HOST, '--refresh'])).toBe('Purged 2 objects. Fetched 2 anew.\n')
    expect(site.origin.hits.map(({ url }) => url).sort()).toEqual(['/a', '/a', '/b', '/b'])
  })

  it('says what waits for its next request, because a plain GET does not bring it back', async () => {
    const site = await operated(always({ 'Cache-Control': 'max-age=60', Vary: 'Accept' }))
    await site.get('/')
    expect(await said(site, ['purge', '/', '--host', HOST, '--refresh'])).toBe(
      'Purged 1 object. Fetched 0 anew. 1 wait for their next request.\n',
    )
  })

  it.each<[readonly string[], object, object, string]>([
    [
      ['--tag', 'a', '--soft', '--dry-run'],
      { tags: ['a'], soft: true },
      { softPurged: 1 },
      'Would make stale 1 object; nothing was changed.\n',
    ],
    [['--tag', 'a', '--refresh'], { refresh: true }, { purged: 2, refreshed: 2, refreshSkipped: 0 }, 'Purged 2 objects. Fetched 2 anew.\n'],
    [
      ['--tag', 'a', '--refresh'],
      { refresh: true },
      { purged: 3, refreshed: 2, refreshSkipped: 1 },
      'Purged 3 objects. Fetched 2 anew. 1 wait for their next request.\n',
    ],
  ])('%j asks for %j and tells %j', async (args, asked, answer, text) => {
    const { address, asked: lines } = await scriptedAdmin({
      status: 'ok',
      purged: 0,
      softPurged: 0,
      dryRun: false,
      refreshed: 0,
      ...answer,
    })
    expect(await command(['purge', ...args, '--admin', address])).toMatchObject({ code: 0, stdout: text, stderr: '' })
    expect(lines).toEqual([{ line: 'POST /api/purge', body: expect.objectContaining(asked) }])
  })

  it('prints the server’s answer with --json', async () => {
    const site = await filled()
    expect(JSON.parse(await said(site, ['purge', '--tag', 'page', '--json']))).toMatchObject({ status: 'ok', purged: 3, softPurged: 0 })
  })

  it('asks at a terminal before it purges all, and only a typed yes goes on', async () => {
    const site = await filled()
    const no = await ask(site, ['purge', '--all'], { answer: 'y' })
    expect(no).toMatchObject({ code: 1, stdout: '', asked: [expect.stringContaining('Type yes')] })
    expect(no.stderr).toMatch(COMPLAINT)
    expect(await stored(site)).toHaveLength(3)
    expect(await ask(site, ['purge', '--all'], { answer: 'yes' })).toMatchObject({ code: 0, stdout: 'Purged 3 objects.\n' })
    expect((await ask(site, ['purge', '--all', '--yes'], { answer: 'no' })).asked).toEqual([])
  })

  it('purges all without a terminal only with --yes', async () => {
    const site = await filled()
    const ran = await ask(site, ['purge', '--all'])
    expect(ran).toMatchObject({ code: 2, stdout: '' })
    expect(ran.stderr).toContain('--yes')
    expect(await stored(site)).toHaveLength(3)
  })

  it.each<[readonly string[], string]>([
    [[], 'nothing to purge is named'],
    [['--tag', 'a', '--all'], '--tag and --all are given together'],
    [['http://a/', '--prefix', '/x'], 'URL and --prefix are given together'],
    [['--tag', 'a', '--host', 'b'], '--host and --tag are given together'],
    [['/a'], 'names no host'],
    [['--prefix', '/a'], 'names no host'],
  ])('%j cannot be understood', async (args, word) => {
    const ran = await command(['purge', ...args])
    expect(ran.code).toBe(2)
    expect(ran.stderr).toMatch(COMPLAINT)
    expect(ran.stderr).toContain(word)
  })
})

describe('clearcoat ban', () => {
  it('bans what an expression matches, and lists the bans', async () => {
    const site = await filled()
    expect(await said(site, ['ban', 'req.url ~ ^/a$'])).toBe('Banned 1 object.\n')
    expect(await said(site, ['ban', 'obj.status', '==', '404'])).toBe('Banned 1 object.\n')
    expect((await site.get('/a')).get('x-cache')).toBe('MISS')
    expect((await site.get('/b')).get('x-cache')).toBe('HIT')
    expect(await said(site, ['ban'])).toMatch(/^Present bans:\n.* obj\.status == 404\n.* req\.url ~ \^\/a\$\n$/)
    const { bans } = JSON.parse(await said(site, ['ban', '--json'])) as { bans: { expression: string }[] }
    expect(bans.map(({ expression }) => expression)).toEqual(['obj.status == 404', 'req.url ~ ^/a$'])
  })

  it('tells what is wrong with an expression', async () => {
    const ran = await ask(await filled([]), ['ban', 'req.uri ~ x'])
    expect(ran).toMatchObject({ code: 1, stdout: '' })
    expect(ran.stderr).toMatch(COMPLAINT)
    expect(ran.stderr).toContain('req.uri')
  })
})

describe('clearcoat ls', () => {
  it('prints a line for each object, aligned, titles first', async () => {
    const site = await filled(['/a', '/gone'])
    await site.get('/a')
    const lines = (await said(site, ['ls'])).split('\n')
    expect(lines[0]).toMatch(/^ID +STATE +STATUS +SIZE +HITS +AGE +TTL +URL$/)
    expect(lines[1]).toMatch(/^\d+ +fresh +200 +1\.\d KiB +1 +0s +60s +www\.example\/a$/)
    expect(lines[2]).toMatch(/^\d+ +fresh +404 +1\.\d KiB +0 +0s +60s +www\.example\/gone$/)
    expect(lines[1]?.indexOf('200')).toBe(lines[2]?.indexOf('404'))
    expect(lines.slice(3)).toEqual([''])
  })

  it.each<[readonly string[], readonly string[]]>([
    [['/a'], ['/a']],
    [[`http://${HOST}/b`], ['/b']],
    [[HOST], ['/a', '/b', '/gone']],
    [['other.example'], []],
    [['--status', '404'], ['/gone']],
    [['--tag', 'b'], ['/b']],
    [['--prefix', '/g', '--host', HOST], ['/gone']],
  ])('filters by %j', async (args, urls) => {
    const site = await filled()
    const lines = (await said(site, ['ls', '--json', ...args])).split('\n').filter((line) => line !== '')
    expect(lines.map((line) => (JSON.parse(line) as { url: string }).url)).toEqual(urls)
  })

  it('says so when nothing matches', async () => {
    expect(await said(await filled(), ['ls', '--tag', 'none'])).toBe('Nothing is stored that matches.\n')
  })

  it('stops at --limit and says that there are more; --all goes on over every page', async () => {
    const paths = Array.from({ length: 7 }, (_, index) => `/${index}`)
    const site = await filled(paths)
    const few = await ask(site, ['ls', '--limit', '3', '--json'])
    expect(few.stdout.trim().split('\n')).toHaveLength(3)
    expect(few.stderr).toBe('There are more: --limit N, or --all.\n')
    expect(await ask(site, ['ls', '--limit', '7'])).toMatchObject({ stderr: '' })
    expect(await stored(site)).toEqual(paths)
  })

  it('asks for page after page, and prints the titles once', async () => {
    const tag = (text: string): object => ({ tag: text, objects: 1 })
    const pages = [
      { tags: [tag('a'), tag('b')], next: 'b' },
      { tags: [tag('c')], next: null },
    ]
    const all = await scriptedAdmin(...pages)
    const ran = await command(['tags', '--all', '--admin', all.address])
    expect(ran).toMatchObject({ code: 0, stdout: 'OBJECTS  TAG\n      1  a\n      1  b\n      1  c\n', stderr: '' })
    expect(all.asked.map(({ line }) => line)).toEqual(['GET /api/tags?limit=1000', 'GET /api/tags?limit=1000&cursor=b'])
    const few = await scriptedAdmin(...pages)
    expect(await command(['tags', '--limit', '3', '--admin', few.address])).toMatchObject({ stdout: ran.stdout, stderr: '' })
    expect(few.asked.map(({ line }) => line)).toEqual(['GET /api/tags?limit=3', 'GET /api/tags?limit=1&cursor=b'])
  })

  it('shows no control characters of a key as they are', async () => {
    const policy = definePolicy({ hash: ({ key }) => [key.clear(), key.add('\x1b[31mred')][2] })
    const site = await operated(tagged, { policy })
    await site.get('/a')
    const text = await said(site, ['show', '/a'])
    expect(text).not.toContain('\x1b')
    expect(text).toContain('\\x1b[31mred')
  })

  it('is quiet when its reader has gone: clearcoat ls | head', async () => {
    const site = await filled(Array.from({ length: 50 }, (_, index) => `/${index}`))
    const main = fileURLToPath(new URL('../../src/main.ts', import.meta.url))
    const pipeline = `"${process.execPath}" "${main}" ls --all --admin ${site.server.admin} | head -1; echo "\${PIPESTATUS[0]}"`
    const { stdout, stderr } = await promisify(execFile)('bash', ['-c', pipeline], { cwd: tmpdir() })
    expect(stderr).toBe('')
    expect(stdout).toMatch(/^ID .*URL\n0\n$/)
  })
})

describe('clearcoat show', () => {
  it('shows head, numbers and tags of an object by URL, ID and key', async () => {
    const site = await filled(['/a'])
    const byUrl = await said(site, ['show', `http://${HOST}/a`])
    expect(byUrl).toMatch(/^url +\/a$/m)
    expect(byUrl).toMatch(/^status +200$/m)
    expect(byUrl).toMatch(/^tags +page a$/m)
    expect(byUrl).toMatch(/^ {2}Cache-Control: max-age=60$/m)
    const object = JSON.parse(await said(site, ['show', '/a', '--json'])) as { id: number; key: string; hits: number; bytes: number }
    expect(object).toMatchObject({ hits: 0, bytes: expect.any(Number) })
    expect(await said(site, ['show', String(object.id)])).toBe(byUrl)
    expect(await said(site, ['show', object.key])).toBe(byUrl)
  })

  it('shows each variant of a URL', async () => {
    const site = await operated(always({ 'Cache-Control': 'max-age=60', Vary: 'Accept-Language' }))
    for (const language of ['de', 'en']) await site.get('/', { 'Accept-Language': language })
    expect((await said(site, ['show', `http://${HOST}/`, '--json'])).trim().split('\n')).toHaveLength(2)
  })

  it('says so when nothing is stored', async () => {
    const site = await filled([])
    for (const name of [`http://${HOST}/none`, '77', '1:/4:none']) {
      const ran = await ask(site, ['show', name])
      expect(ran).toMatchObject({ code: 1, stdout: '' })
      expect(ran.stderr).toMatch(COMPLAINT)
    }
  })
})

describe('clearcoat tags', () => {
  it('lists tags with the number of objects, those of a prefix too', async () => {
    const site = await filled(['/a', '/ab', '/b'])
    expect(await said(site, ['tags'])).toBe('OBJECTS  TAG\n      1  a\n      1  ab\n      1  b\n      3  page\n')
    expect(await said(site, ['tags', 'a', '--json'])).toBe('{"tag":"a","objects":1}\n{"tag":"ab","objects":1}\n')
    expect(await said(site, ['tags', 'none'])).toBe('Nothing that is stored carries such a tag.\n')
  })
})

describe('clearcoat stat', () => {
  it('prints counters by name or pattern, a line each', async () => {
    const site = await filled(['/a', '/a', '/b'])
    expect(await said(site, ['stat', 'cache_hit', 'cache_miss'])).toBe('cache_hit   1\ncache_miss  2\n')
    expect(await said(site, ['stat', 'cache_hit*', '-1'])).toMatch(/^cache_hit +1$/m)
    expect(JSON.parse(await said(site, ['stat', '--json', 'n_object']))).toEqual({ n_object: 2 })
    expect((await said(site, ['stat'])).split('\n').length).toBeGreaterThan(30)
  })

  it('says which counter was meant', async () => {
    const ran = await ask(await filled([]), ['stat', 'cache_hits'])
    expect(ran.code).toBe(1)
    expect(ran.stderr).toContain('did you mean cache_hit?')
  })
})

describe('clearcoat adm', () => {
  it('prints the answer, and ends with 0 if its status is 200', async () => {
    const site = await filled([])
    expect(await said(site, ['adm', 'param.set default_ttl 10s'])).toBe('')
    expect(await said(site, ['adm', 'param.show', 'default_ttl'])).toMatch(/Value is: 10\.000 \[seconds\]/)
    expect(JSON.parse(await said(site, ['adm', '--json', 'status']))).toEqual({ status: 200, text: 'Child in state running' })
  })

  it('else says the status on standard error, and ends with 1', async () => {
    const ran = await ask(await filled([]), ['adm', 'param.sho'])
    expect(ran).toMatchObject({ code: 1, stdout: '' })
    expect(ran.stderr).toMatch(/^101\n/)
  })

  it('keeps words of the shell together as words of the line', async () => {
    const site = await filled([])
    const ran = await ask(site, ['adm', 'backend.set_health', 'no "such" one', 'sick'])
    expect(ran.code).toBe(1)
    expect(ran.stderr).toContain('no \\"such\\" one')
  })
})

describe('a client', () => {
  it('ends with 69 where no server answers, and says how to name one', async () => {
    for (const admin of ['127.0.0.1:1', `unix:${join(tmpdir(), 'clearcoat-none.sock')}`]) {
      const ran = await command(['ls', '--admin', admin])
      expect(ran).toMatchObject({ code: 69, stdout: '' })
      expect(ran.stderr).toMatch(COMPLAINT)
      expect(ran.stderr).toContain(admin)
      expect(ran.stderr).toContain('CLEARCOAT_ADMIN')
    }
  })

  it('ends with 69 where something else answers', async () => {
    const other = createServer((_request, response) => response.end('hello'))
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => void other.close())
    const ran = await command(['stat', '--admin', `127.0.0.1:${(other.address() as AddressInfo).port}`])
    expect(ran.code).toBe(69)
    expect(ran.stderr).toContain('no admin listener')
  })

  it('ends with 78 when the admin address is off or none', async () => {
    for (const admin of ['off', 'nonsense']) expect(await command(['ls'], { env: { CLEARCOAT_ADMIN: admin } })).toMatchObject({ code: 78 })
  })

  it('speaks over a Unix socket', async () => {
    const path = join(tmpdir(), `clearcoat-cli-${process.pid}.sock`)
    const site = await operated(tagged, { admin: `unix:${path}` })
    expect(await said(site, ['ls', '--admin', `unix:${path}`])).toBe('Nothing is stored that matches.\n')
  })

  it('sends the token, and says how to give it where it is missing or wrong', async () => {
    const site = await operated(tagged, { adminToken: TOKEN })
    expect(await said(site, ['stat', 'n_object', '--admin-token', TOKEN])).toBe('n_object  0\n')
    const folder = new Folder({ token: `${TOKEN}\n` })
    const env = { CLEARCOAT_ADMIN: site.server.admin, CLEARCOAT_ADMIN_TOKEN_FILE: folder.of('token') }
    expect(await command(['stat', 'n_object'], { env })).toMatchObject({ code: 0, stdout: 'n_object  0\n' })
    const without = await ask(site, ['stat'])
    expect(without.code).toBe(1)
    expect(without.stderr).toContain('--admin-token')
    const wrong = await ask(site, ['stat', '--admin-token', 'something-else'])
    expect(wrong.code).toBe(1)
    expect(wrong.stderr).not.toContain('something-else')
  })

  it('tells what the server refuses in its own words', async () => {
    const ran = await ask(await filled([]), ['ls', '--status', 'many'])
    expect(ran.code).toBe(1)
    expect(ran.stderr).toMatch(COMPLAINT)
    expect(ran.stderr).toContain('status')
  })

  it('finds the server by the configuration file', async () => {
    const site = await filled(['/a'])
    const folder = new Folder({ 'clearcoat.config.js': `export default { admin: '${site.server.admin}' }` })
    expect(await command(['stat', 'n_object'], { folder: folder.path })).toMatchObject({ code: 0, stdout: 'n_object  1\n' })
  })
})
