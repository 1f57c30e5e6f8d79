import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, it, onTestFinished } from 'vitest'
import { PolicyLoadError } from '../../src/policy/load-error.ts'
import { always, open } from '../journey/site.ts'
import { Folder } from '../policy/folder.ts'
import { type Cli, runCli, startCli } from '../support/cli.ts'

const EPHEMERAL = ['--listen', '127.0.0.1:0', '--admin', 'off']
const started: Cli[] = []

afterEach(async () => {
  for (const cli of started.splice(0)) {
    cli.kill('SIGKILL')
    await cli.ended
  }
})

/** A web server that counts what it answers. */
async function origin(): Promise<number> {
  let count = 0
  const server = createServer((request, response) => {
    response.setHeader('Set-Cookie', 'id=1')
    response.end(`${request.url} ${++count}`)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  return (server.address() as AddressInfo).port
}

function vcl(port: number, word: string): string {
  return `vcl 4.1;
backend default { .host = "127.0.0.1"; .port = "${port}"; }
acl purgers { "127.0.0.1"; }
include "deliver.vcl";
sub vcl_recv {
  if (req.method == "PURGE") {
    if (client.ip !~ purgers) { return (synth(405)); }
    return (purge);
  }
  if (req.url == "/old") { return (synth(750, "/new")); }
}
sub vcl_backend_response { unset beresp.http.Set-Cookie; set beresp.ttl = 1h; }
sub vcl_synth { if (resp.status == 750) { set resp.http.Location = resp.reason; set resp.status = 301; return (deliver); } }
# ${word}
`
}

const deliver = (word: string): string => `sub vcl_deliver { set resp.http.X-Word = "${word}"; set resp.http.X-Hits = obj.hits; }\n`

async function start(args: readonly string[]): Promise<{ cli: Cli; at: string }> {
  const cli = startCli([...args, ...EPHEMERAL])
  started.push(cli)
  const event = await cli.event(({ event: name }) => name === 'listening')
  const [address] = event['listen'] as string[]
  expect(event['preset']).toBe('varnish')
  return { cli, at: `http://${address}` }
}

describe('clearcoat --vcl', () => {
  it.each([1, 2])('serves as the VCL says, from its backends, with %d workers', async (workers) => {
    const folder = new Folder({ 'default.vcl': vcl(await origin(), 'one'), 'deliver.vcl': deliver('one') })
    const { at } = await start(['--vcl', folder.of('default.vcl'), '--workers', String(workers)])
    const first = await fetch(`${at}/a`)
    const body = await first.text()
    expect(first.headers.get('x-word')).toBe('one')
    expect(first.headers.has('set-cookie')).toBe(false)
    const again = await fetch(`${at}/a`)
    expect(await again.text()).toBe(body)
    expect(again.headers.get('x-hits')).toBe('1')
    const moved = await fetch(`${at}/old`, { redirect: 'manual' })
    expect([moved.status, moved.headers.get('location')]).toEqual([301, '/new'])
    expect((await fetch(`${at}/a`, { method: 'PURGE' })).status).toBe(200)
    expect(await (await fetch(`${at}/a`)).text()).not.toBe(body)
  })

  it('reloads when an included file changes, and keeps the old policy while the new one is refused', async () => {
    const folder = new Folder({ 'default.vcl': vcl(await origin(), 'one'), 'deliver.vcl': deliver('one') })
    const { cli, at } = await start(['--vcl', folder.of('default.vcl'), '--watch'])
    const word = async (): Promise<string | null> => (await fetch(`${at}/a`)).headers.get('x-word')
    expect(await word()).toBe('one')
    folder.replace('deliver.vcl', 'sub vcl_deliver {\n  set resp.http.X-Word = req.ulr;\n}\n')
    const refused = await cli.event(({ level }) => level === 'error')
    expect(refused).toMatchObject({ event: 'policy', file: folder.of('deliver.vcl'), line: 2 })
    expect(await word()).toBe('one')
    folder.replace('deliver.vcl', deliver('two'))
    await cli.event((line) => line['event'] === 'policy' && line['policy'] === 'default-2')
    expect(await word()).toBe('two')
    // Nothing that was stored is lost.
    expect((await fetch(`${at}/a`)).headers.get('x-hits')).not.toBe('0')
  })

  it.each([1, 2])('hands requests to the VCLs that have labels, and reloads when one of them changes, with %d workers', async (workers) => {
    const [shop, blog] = [await origin(), await origin()]
    const site = (port: number, word: string): string =>
      vcl(port, word).replace('include "deliver.vcl";', '').concat(deliver(word), `sub vcl_hash { hash_data("${word}"); }\n`)
    const folder = new Folder({
      'default.vcl':
        'vcl 4.1;\nbackend none none;\nsub vcl_recv { if (req.url ~ "^/b") { return (vcl(blog)); } return (vcl(shop)); }\nsub vcl_deliver { set resp.http.X-Front = "1"; }\n',
      'shop.vcl': site(shop, 'shop'),
      'blog.vcl': site(blog, 'blog'),
    })
    const labels = ['--label', `shop=${folder.of('shop.vcl')}`, '--label', `blog=${folder.of('blog.vcl')}`]
    const { cli, at } = await start(['--vcl', folder.of('default.vcl'), ...labels, '--watch', '--workers', String(workers)])
    const got = async (url: string): Promise<readonly unknown[]> => {
      const answer = await fetch(`${at}${url}`)
      return [answer.headers.get('x-word'), await answer.text(), answer.headers.get('x-hits'), answer.headers.has('x-front')]
    }
    expect(await got('/a')).toEqual(['shop', '/a 1', '0', false])
    expect(await got('/b')).toEqual(['blog', '/b 1', '0', false])
    expect(await got('/a')).toEqual(['shop', '/a 1', '1', false])
    folder.replace('blog.vcl', site(blog, 'news'))
    await cli.event((line) => line['event'] === 'policy' && line['policy'] === 'default-2')
    expect(await got('/b')).toEqual(['news', '/b 2', '0', false])
  })

  it('does not start with a VCL that Varnish would refuse, nor with two policies', async () => {
    const folder = new Folder({
      'bad.vcl': 'vcl 4.1;\nbackend a { .host = "127.0.0.1"; }\nsub vcl_recv { set req.ulr = "/"; }\n',
      'shop.ts': '',
    })
    const bad = await runCli(['--vcl', folder.of('bad.vcl'), ...EPHEMERAL])
    expect(bad.code).toBe(78)
    expect(bad.stderr).toContain(`${folder.of('bad.vcl')}:3:`)
    const both = await runCli(['--vcl', folder.of('bad.vcl'), '--policy', folder.of('shop.ts'), ...EPHEMERAL])
    expect(both.code).toBe(78)
    expect(both.stderr).toContain('--vcl')
  })
})

describe('policy.load of a VCL', () => {
  it('takes it as any policy, and tells where it is wrong', async () => {
    const folder = new Folder({
      'site.vcl': 'vcl 4.1;\nbackend none none;\nsub vcl_recv { return (synth(418)); }\n',
      'bad.vcl': 'vcl 4.1;\nbackend none none;\nsub vcl_recv {\n  return (fetch);\n}\n',
    })
    const site = await open(always({}), {})
    const { policies } = site.server
    await policies.use(await policies.load('teapot', folder.of('site.vcl')))
    expect((await site.get('/')).status).toBe(418)
    const refused = policies.load(null, folder.of('bad.vcl'))
    await expect(refused).rejects.toThrow(PolicyLoadError)
    await expect(refused).rejects.toMatchObject({ file: folder.of('bad.vcl'), line: 4 })
  })
})
