/** `clearcoat hash-password`: its output is what `basicAuth` takes. */
import { spawn, spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { testPolicy } from '../../src/testing/index.ts'
import { basicAuth } from '../../vcl-ts/index.ts'
import { COMPLAINT, command } from './command-line.ts'

async function lets(hash: string, password: string): Promise<boolean> {
  const cache = await testPolicy(basicAuth({ users: { ada: hash.trim() } }).policy())
  const given = Buffer.from(`ada:${password}`).toString('base64')
  return (await cache.request({ url: '/', headers: { Authorization: `Basic ${given}` } })).status === 200
}

describe('clearcoat hash-password', () => {
  it('hashes the first line of its input, another hash each time', async () => {
    const first = await command(['hash-password'], { input: 'pä:ss word\nnext line\n' })
    const second = await command(['hash-password'], { input: 'pä:ss word' })
    expect(first).toMatchObject({ code: 0, stderr: '' })
    expect(first.stdout).not.toBe(second.stdout)
    for (const { stdout } of [first, second]) expect([await lets(stdout, 'pä:ss word'), await lets(stdout, 'other')]).toEqual([true, false])
  })

  it('asks at a terminal', async () => {
    const { stdout, asked } = await command(['hash-password'], { answer: 'secret' })
    expect(asked).toEqual(['Password: '])
    expect(await lets(stdout, 'secret')).toBe(true)
  })

  it.each(['', '\n', 'x'.repeat(2000)])('wants a password that can be one: %.5j', async (input) => {
    const { code, stderr, stdout } = await command(['hash-password'], { input })
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(stderr).toMatch(COMPLAINT)
  })

  it('does not show at a terminal what is typed there', async () => {
    const main = fileURLToPath(new URL('../../src/main.ts', import.meta.url))
    // `script` runs it at a terminal of its own, and shows what is seen there.
    const terminal = spawn('script', ['-qec', `${process.execPath} ${main} hash-password`, '/dev/null'], {
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    let seen = ''
    const ended = new Promise<number | null>((resolve) => terminal.on('close', resolve))
    terminal.stdout.on('data', (bytes: Buffer) => {
      if (seen === '') terminal.stdin.write('a secret\r')
      seen += bytes.toString()
    })
    expect(await ended).toBe(0)
    expect(seen).toMatch(/^Password: \r\n\$scrypt\$\S+\r\n$/)
    expect(await lets(seen.split('\r\n')[1] ?? '', 'a secret')).toBe(true)
  })

  it('reads a pipe', () => {
    const main = fileURLToPath(new URL('../../src/main.ts', import.meta.url))
    const { stdout, status } = spawnSync(process.execPath, [main, 'hash-password'], { input: 'secret\n', encoding: 'utf8' })
    expect([status, stdout]).toEqual([0, expect.stringMatching(/^\$scrypt\$ln=15,r=8,p=1\$[^$]+\$[^$]+\n$/)])
  })
})
