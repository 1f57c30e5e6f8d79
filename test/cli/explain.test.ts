import { describe, expect, it } from 'vitest'
import { scriptedAdmin } from '../support/scripted-admin.ts'
import { COMPLAINT, command } from './command-line.ts'
import { EXPLANATION, PRINTED } from './explanation-fixture.ts'

const URL = 'http://www.example/?utm=1'

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
