import { describe, expect, it } from 'vitest'
import { banList, COMMANDS, VARNISH_ONLY } from '../../src/admin/commands.ts'
import { packageVersion } from '../../src/admin/version.ts'
import { PARAMETERS } from '../../src/config/params.ts'
import { definePolicy } from '../../vcl-ts/index.ts'
import { always } from '../journey/site.ts'
import { Folder } from '../policy/folder.ts'
import { cli, operated } from './rig.ts'

describe('a command', () => {
  it('is answered with a status of Varnish’s CLI', async () => {
    const site = await operated()
    expect(await cli(site, 'ping')).toEqual([200, `PONG ${Date.UTC(2026, 0, 1) / 1000} 1.0`])
    expect(await cli(site, 'ping\n')).toEqual([200, expect.stringMatching(/^PONG /)])
    expect(await cli(site, 'pid')).toEqual([200, `Master: ${process.pid}\nWorker: ${process.pid}`])
    expect(await cli(site, 'status')).toEqual([200, 'Child in state running'])
    expect(await cli(site, 'banner')).toEqual([200, expect.stringContaining('Clearcoat')])
    expect(packageVersion()).toMatch(/^\d+\.\d+\.\d+/)
  })

  it('that cannot be understood is 100, 101, 102, 104 or 105', async () => {
    const site = await operated()
    for (const line of ['', '   ', 'ban "x', 'ping\nping'])
      expect(await cli(site, line)).toEqual([100, expect.stringMatching(/^Syntax error: /)])
    expect(await cli(site, 'param.shwo')).toEqual([101, 'Unknown request.\nDid you mean param.show? Type help for help.'])
    expect(await cli(site, 'xyzzy')).toEqual([101, 'Unknown request.\nType help for help.'])
    expect(await cli(site, 'toString')).toEqual([101, expect.anything()])
    for (const name of VARNISH_ONLY.keys()) expect(await cli(site, name), name).toEqual([102, expect.stringContaining(name)])
    expect(await cli(site, 'param.set default_ttl')).toEqual([104, 'Too few parameters.\nparam.set <param> <value>'])
    expect(await cli(site, 'param.set default_ttl 1 2')).toEqual([105, 'Too many parameters.\nparam.set <param> <value>'])
  })

  it('is listed by help, each with its syntax and meaning', async () => {
    const site = await operated()
    const [status, text] = await cli(site, 'help')
    expect(status).toBe(200)
    expect(text.split('\n')).toEqual(COMMANDS.map(({ syntax }) => syntax))
    for (const { name, syntax, prose } of COMMANDS)
      expect(await cli(site, `help ${name}`)).toEqual([200, expect.stringContaining(`${syntax}\n  ${prose}`)])
    expect(await cli(site, 'help vcl.load')).toEqual([200, expect.stringContaining('policy.load')])
    expect(await cli(site, 'help xyzzy')).toEqual([106, expect.stringContaining('xyzzy')])
  })
})

describe('param commands', () => {
  it('show, set and reset, and log who was there before', async () => {
    const site = await operated()
    const [, all] = await cli(site, 'param.show')
    expect(all.split('\n').map((line) => line.split(/ +/)[0])).toEqual(PARAMETERS.map(({ name }) => name))
    expect(all).toMatch(/^default_ttl +0\.000 \[seconds\] \(default\)$/m)
    expect(await cli(site, 'param.show changed')).toEqual([200, ''])
    expect(await cli(site, 'param.set default_ttl 10s')).toEqual([200, ''])
    expect(site.server.params.get('default_ttl').value).toBe(10)
    expect(await cli(site, 'param.show changed')).toEqual([200, 'default_ttl  10.000 [seconds]'])
    const [, one] = await cli(site, 'param.show default_ttl')
    expect(one.split('\n').slice(0, 5)).toEqual([
      'default_ttl',
      '        Value is: 10.000 [seconds]',
      '        Default is: 0.000',
      '        Minimum is: 0.000',
      '        Maximum is: 2147483648.000',
    ])
    const prose = one.split('\n').slice(6)
    expect(prose.map((line) => line.trim()).join(' ')).toBe(site.server.params.get('default_ttl').prose)
    expect(Math.max(...prose.map(({ length }) => length))).toBeLessThanOrEqual(72)
    expect(await cli(site, 'param.reset default_ttl')).toEqual([200, ''])
    expect(await cli(site, 'param.show http_req_size')).toEqual([200, expect.stringContaining('Value is: 32k [bytes] (default)')])
    expect(site.events.map(({ fields }) => fields).filter(({ event }) => event === 'param')).toEqual([
      { event: 'param', param: 'default_ttl', before: 0, after: 10 },
      { event: 'param', param: 'default_ttl', before: 10, after: 0 },
    ])
  })

  it('answer 106 with bounds or a guess', async () => {
    const site = await operated()
    expect(await cli(site, 'param.set http_req_size 10')).toEqual([106, expect.stringContaining('from 1k to 16M')])
    expect(await cli(site, 'param.set http_req_siz 10')).toEqual([106, expect.stringContaining('did you mean http_req_size?')])
    expect(await cli(site, 'param.show default_tll')).toEqual([106, expect.stringContaining('did you mean default_ttl?')])
    expect(await cli(site, 'param.reset x')).toEqual([106, expect.anything()])
  })
})

describe('backend commands', () => {
  const stale = { 'Cache-Control': 'max-age=10' }

  it('list the backends of policies and start by whole names', async () => {
    const site = await operated(always({}), { policy: definePolicy({ name: 'shop', backends: {} }) })
    expect(await cli(site, 'backend.list')).toEqual([
      200,
      [
        'Backend name  Admin  Probe  Health   Last change',
        `boot.default  probe  0/0    healthy  ${new Date(site.clock.wall()).toUTCString()}`,
      ].join('\n'),
    ])
  })

  it('mark one sick: fetches fail at once, stale objects answer, and auto takes it back', async () => {
    const site = await operated(always(stale))
    await site.get('/')
    site.clock.advance(11_000)
    expect(await cli(site, 'backend.set_health boot.default sick')).toEqual([200, ''])
    expect(await cli(site, 'backend.list')).toEqual([200, expect.stringMatching(/^boot\.default +sick +0\/0 +sick /m)])
    const answer = await site.get('/')
    expect([answer.status, answer.get('x-cache'), answer.body.toString()]).toEqual([200, 'STALE', 'answer 0'])
    expect((await site.get('/other')).status).toBe(503)
    expect(site.origin.hits.length).toBe(1)
    expect(site.records.at(-1)?.detail).toContain('marked sick')
    expect(site.server.stat()).toMatchObject({
      backend_unhealthy: 2,
      'VBE.boot.default.unhealthy': 2,
      'VBE.boot.default.happy': 0,
      fetch_fail_unhealthy: 2,
    })
    expect(await cli(site, 'backend.set_health default auto')).toEqual([200, ''])
    site.clock.advance(60_000)
    expect((await site.get('/other')).status).toBe(200)
    expect(site.server.stat()).toMatchObject({ 'VBE.boot.default.happy': 1, 'VBE.boot.default.req': 2, 'VBE.boot.default.conn': 1 })
  })

  it('compare names whole, and answer 106 else', async () => {
    const site = await operated()
    for (const name of ['boot', 'boot.def', 'BOOT.default', 'boot.defaul', 'boot.*', '*'])
      expect(await cli(site, `backend.set_health ${name} sick`), name).toEqual([106, expect.stringContaining('boot.default')])
    expect(await cli(site, 'backend.set_health boot.default ill')).toEqual([106, expect.stringContaining('healthy, sick, auto')])
    expect((await site.get('/')).status).toBe(200)
  })
})

describe('policy commands', () => {
  const source = (text: string): string =>
    `export default { synth({ resp }) { resp.body = '${text}' }, recv({ synth }) { return synth(200) } }`

  it('load, use, list and discard, by Varnish’s names as well', async () => {
    const folder = new Folder({ 'one.ts': source('one'), 'two.ts': source('two'), 'bad.ts': 'export default { recv( }' })
    const site = await operated(always({}), { policyFile: folder.of('one.ts') })
    expect((await site.get('/')).body.toString()).toBe('one')
    expect(await cli(site, `policy.load second ${folder.of('two.ts')}`)).toEqual([200, 'Policy second loaded.'])
    expect(await cli(site, 'policy.list')).toEqual([
      200,
      expect.stringMatching(/^active +auto +warm +0 +one\navailable +auto +warm +0 +second$/),
    ])
    expect(await cli(site, 'vcl.use second')).toEqual([200, "Policy 'second' now active"])
    expect((await site.get('/')).body.toString()).toBe('two')
    expect(await cli(site, 'policy.discard second')).toEqual([300, expect.stringContaining('in use')])
    expect(await cli(site, 'vcl.discard one')).toEqual([200, ''])
    expect(await cli(site, 'vcl.list')).toEqual([200, expect.not.stringContaining('one')])
    expect(await cli(site, `vcl.load bad ${folder.of('bad.ts')}`)).toEqual([300, expect.stringMatching(/bad\.ts:1:\d+/)])
    expect(await cli(site, `policy.load second ${folder.of('one.ts')}`)).toEqual([300, expect.stringContaining('already')])
    for (const verb of ['use', 'discard'])
      expect(await cli(site, `policy.${verb} secnd`)).toEqual([106, expect.stringContaining('did you mean second?')])
    expect((await site.get('/')).body.toString()).toBe('two')
    expect(site.stat('n_vcl')).toBe(1)
  })
})

describe('purge and ban commands', () => {
  it('purge by URL and by tag, and say how many', async () => {
    const site = await operated(always({ 'Cache-Control': 'max-age=60', 'Surrogate-Key': 'a b' }))
    await site.get('/1')
    await site.get('/2')
    expect(await cli(site, 'purge http://www.example/1')).toEqual([200, 'Purged 1'])
    expect(await cli(site, 'purge /1')).toEqual([106, expect.stringContaining('host')])
    expect(await cli(site, 'purge.tag nothing b')).toEqual([200, 'Purged 1'])
    expect(site.server.stat()).toMatchObject({ n_object: 0, n_purges: 2, n_obj_purged: 2 })
  })

  it('list bans as varnishd does', () => {
    const ban = { id: '7', added: 1_767_225_600_123, references: 3, objects: 0 }
    expect(
      banList([
        { ...ban, expression: 'req.url ~ /a', state: 'active' },
        { ...ban, references: 0, expression: 'obj.status == 404', state: 'completed' },
      ]),
    ).toBe(['Present bans:', '1767225600.123000     3 -  req.url ~ /a', '1767225600.123000     0 C  obj.status == 404'].join('\n'))
  })
})
