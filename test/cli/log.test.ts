/** `clearcoat log`, against running servers. */
import { describe, expect, it } from 'vitest'
import { run } from '../../src/cli/program.ts'
import type { Surroundings } from '../../src/cli/surroundings.ts'
import { operated } from '../admin/rig.ts'
import { always } from '../journey/site.ts'
import { scriptedAdmin } from '../support/scripted-admin.ts'
import { commandOf } from '../vsl/admin-command.ts'
import { COMPLAINT, command } from './command-line.ts'

const FRESH = { 'Cache-Control': 'max-age=60' }

interface Printed {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

/** Runs `log` until it ends by itself; meanwhile the site is asked for the path, again and again until something was printed. */
async function printed(args: readonly string[], path: string = '/page'): Promise<Printed> {
  const site = await operated(always(FRESH, 'x'), { preset: 'varnish' })
  await commandOf(site.server, 'debug.xid 1000')
  let [stdout, stderr] = ['', '']
  const around: Surroundings = {
    env: { CLEARCOAT_ADMIN: site.server.admin },
    folder: '/',
    color: false,
    ask: null,
    input: () => Promise.resolve(''),
    stdout: (text) => {
      stdout += text
    },
    stderr: (text) => {
      stderr += text
    },
  }
  let over = false
  const running = run(['log', ...args], around).finally(() => {
    over = true
  })
  // It listens from some moment on.
  while (!over) await site.get(path)
  return { code: await running, stdout, stderr }
}

describe('clearcoat log', () => {
  it('prints transactions as varnishlog does', async () => {
    const { code, stdout, stderr } = await printed(['-g', 'request', '-k', '1', '-i', 'ReqMethod,ReqURL,RespStatus,Hit,VCL_call'])
    expect([code, stderr]).toEqual([0, ''])
    const lines = stdout.split('\n')
    expect(lines[0]).toMatch(/^\* {3}<< Request {2}>> 1\d{3}$/)
    expect(lines).toContain('-   ReqMethod      GET')
    expect(lines).toContain('-   ReqURL         /page')
    expect(lines).toContain('-   VCL_call       DELIVER')
    expect(stdout).not.toContain('ReqHeader')
  })

  it('prints only what a query asks for, without what is not wanted', async () => {
    const { stdout } = await printed(['-q', 'Hit and ReqURL ~ ^/p', '-k', '2', '-x', 'Timestamp,*Header', '-x', 'Debug'])
    expect(stdout.match(/<< Request/g)).toHaveLength(2)
    expect(stdout.match(/^- {3}Hit /gm)).toHaveLength(2)
    expect(stdout).not.toMatch(/Timestamp|Header|Debug/)
  })

  it('prints JSON, a group a line', async () => {
    const { stdout } = await printed(['--json', '-k', '1', '-q', 'ReqMethod', '-i', 'ReqURL'])
    expect(JSON.parse(stdout)).toMatchObject({ transactions: [{ level: 1, type: 'req', reason: 'rxreq', records: [['ReqURL', '/page']] }] })
  })

  it('shows where a query goes wrong, before it asks anybody', async () => {
    const ran = await command(['log', '-q', 'RespStatus = 5'])
    expect(ran.code).toBe(2)
    expect(ran.stderr).toBe(`clearcoat: the query cannot be understood
  why: "=" cannot be understood here; quote it, or use == != < <= > >= eq ne ~ !~
       RespStatus = 5
                  ^
  fix: see clearcoat log --help
`)
  })

  it.each([
    [['-g', 'pairs'], /--group "pairs" cannot be used/],
    [['-i', 'ReqURL,Nope'], /none is called "Nope"/],
    [['-k', '0'], /--count "0" cannot be used/],
  ])('refuses %j', async (args, message) => {
    const ran = await command(['log', ...args])
    expect(ran.code).toBe(2)
    expect(ran.stderr).toMatch(COMPLAINT)
    expect(ran.stderr).toMatch(message)
  })

  it('says so when no server answers, or something else does', async () => {
    expect(await command(['log'], { env: { CLEARCOAT_ADMIN: '127.0.0.1:1' } })).toMatchObject({ code: 69 })
    const stranger = await scriptedAdmin({ hello: 'world' })
    const ran = await command(['log'], { env: { CLEARCOAT_ADMIN: stranger.address } })
    expect(ran).toMatchObject({ code: 69, stderr: expect.stringContaining('no admin listener') })
  })
})
