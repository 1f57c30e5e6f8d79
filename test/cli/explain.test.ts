import { describe, expect, it } from 'vitest'
import { type Operated, operated } from '../admin/rig.ts'
import { Folder } from '../policy/folder.ts'
import { scriptedAdmin } from '../support/scripted-admin.ts'
import { COMPLAINT, command, type Ran } from './command-line.ts'
import { EXPLANATION, PRINTED } from './explanation-fixture.ts'

const URL = 'http://www.example/?utm=1'

const POLICY = `import { definePolicy } from 'clearcoat/vcl-ts'

export default definePolicy({
  name: 'shop',
  recv({ req, pass }) {
    if (req.path === '/cart') return pass()
    if (req.path === '/boom') throw new Error('no luck')
    return undefined
  },
})
`

describe('clearcoat explain with a running server', () => {
  async function shop(): Promise<{ site: Operated; folder: Folder; explain: (...args: string[]) => Promise<Ran> }> {
    const folder = new Folder({ 'shop.ts': POLICY })
    const site = await operated(undefined, { policyFile: folder.of('shop.ts') })
    const explain = (...args: string[]): Promise<Ran> =>
      command(['explain', ...args, '--admin', site.server.admin], { folder: folder.path })
    return { site, folder, explain }
  }

  it('tells a hit and a miss, and what would make the miss a hit', async () => {
    const { site, explain } = await shop()
    await site.get('/')
    const hit = await explain('http://www.example/')
    expect(hit).toMatchObject({ code: 0, stderr: '' })
    expect(hit.stdout).toMatch(/^HIT: .+\n\nRequest\n {2}GET http:\/\/www\.example\/ from 192\.0\.2\.1\n/)
    expect(hit.stdout).toMatch(/^ {2}fresh: age 0s, ttl 60s from max-age, 60s left$/m)
    const miss = await explain('http://www.example/other')
    expect(miss.stdout).toMatch(/^MISS: /)
    expect(miss.stdout).toMatch(/\nWhat would make it a HIT\n {2}- .*[Nn]othing is stored/)
    expect(site.origin.hits).toHaveLength(1)
  })

  it('tells where the policy decided, and where it failed', async () => {
    const { explain } = await shop()
    const cart = await explain('http://www.example/cart')
    expect(cart.stdout).toMatch(/^PASS: .+\(shop\.ts:6:38\)\n/)
    expect(cart.stdout).toMatch(/^ {2}recv +policy shop +pass .*shop\.ts:6:38$/m)
    expect((await explain('http://www.example/boom')).stdout).toMatch(/^ERROR: .*no luck.*\(shop\.ts:7:37\)\n/)
  })

  it('sends fields, and asks the origin with --fetch alone', async () => {
    const { site, explain } = await shop()
    const { stdout } = await explain('/page', '-H', 'Host: www.example', '-H', 'Cookie: session=1', '--fetch')
    expect(stdout).toMatch(/^ {2}class +credentialed: .*session/m)
    expect(stdout).toMatch(/^ {2}was asked: GET http:\/\/127\.0\.0\.1:\d+\/page \(Host: www\.example\)$/m)
    expect(site.origin.hits.map(({ url }) => url)).toEqual(['/page'])
    expect(site.stat('n_object')).toBe(0)
  })

  it('tells what the server refuses to explain', async () => {
    const { explain } = await shop()
    const ran = await explain('/page')
    expect(ran).toMatchObject({ code: 1, stdout: '' })
    expect(ran.stderr).toMatch(COMPLAINT)
    expect(ran.stderr).toContain('Host')
  })
})

describe('clearcoat explain', () => {
  it('prints the verdict first, then how it came about, at last what would make it a hit', async () => {
    const { address } = await scriptedAdmin(EXPLANATION)
    const ran = await command(['explain', URL, '--admin', address], { folder: '/srv' })
    expect(ran).toMatchObject({ code: 0, stderr: '' })
    expect(ran.stdout).toBe(PRINTED)
  })

  it('prints the verdict in bold where there are colours, and nothing else differs', async () => {
    const { address } = await scriptedAdmin(EXPLANATION)
    const { stdout } = await command(['explain', URL, '--admin', address], { folder: '/srv', color: true })
    expect(stdout).toBe(PRINTED.replace('GRACE', '\x1b[1mGRACE\x1b[22m'))
  })

  it('prints the server’s answer with --json', async () => {
    const { address } = await scriptedAdmin(EXPLANATION)
    expect(JSON.parse((await command(['explain', URL, '--json', '--admin', address])).stdout)).toEqual(EXPLANATION)
  })

  it('asks for what its options say', async () => {
    const { address, asked } = await scriptedAdmin(EXPLANATION)
    await command(['explain', URL, '--admin', address])
    await command([
      'explain',
      '/',
      '-H',
      'Host: a',
      '--header',
      'Cookie:  a=1; b=2',
      '--method',
      'HEAD',
      '--ip',
      '::1',
      '--fetch',
      '--admin',
      address,
    ])
    expect(asked).toEqual([
      { line: 'POST /api/explain', body: { url: URL, headers: [], fetch: false } },
      {
        line: 'POST /api/explain',
        body: {
          url: '/',
          headers: [
            ['Host', 'a'],
            ['Cookie', 'a=1; b=2'],
          ],
          method: 'HEAD',
          ip: '::1',
          fetch: true,
        },
      },
    ])
  })

  it.each([[[]], [['/', '-H', 'no colon']], [['/', '-H', ': value']]])('cannot be understood with %j', async (args) => {
    const ran = await command(['explain', ...args])
    expect(ran).toMatchObject({ code: 2, stdout: '' })
    expect(ran.stderr).toMatch(COMPLAINT)
  })
})
