/** A real nginx on loopback with a few static pages, as an origin that we did not write. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { type AddressInfo, connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { NGINX, requireTool } from '../setup/tools.ts'

export interface Nginx {
  /** `http://127.0.0.1:port`, or `https://…`. */
  readonly url: string
  readonly port: number
  /** Where its pages lie. */
  readonly root: string
  /** Lines of its access log so far: `GET /path 200`. It writes them after it has answered: poll. */
  requests(): string[]
  stop(): Promise<void>
}

export interface NginxOptions {
  /** Further pages by path below the root, such as `a/b.html`. */
  readonly pages?: Readonly<Record<string, string>>
  /** Directives for the `server` block. */
  readonly server?: string
  /** Further parameters of its `listen`, such as `proxy_protocol`. */
  readonly listen?: string
  /** It speaks TLS; with `clientCa` to those alone who show a certificate of that authority. */
  readonly tls?: { readonly cert: string; readonly key: string; readonly clientCa?: string }
}

const PAGES: Readonly<Record<string, string>> = {
  'index.html': '<!doctype html><title>nginx</title><h1>A page of nginx</h1>\n',
  'style.css': 'body { color: #222 }\n',
  'large.bin': 'x'.repeat(300_000),
}

const ATTEMPTS = 5

/** Starts it in the foreground under a temporary folder; resolves when it accepts connections. */
export async function startNginx(options: NginxOptions = {}): Promise<Nginx> {
  const program = requireTool(NGINX)
  for (let attempt = 1; ; attempt++) {
    const started = await startOnce(program, await freePort(), options)
    if (typeof started !== 'string') return started
    // The port may have been taken between choosing and listening.
    if (attempt === ATTEMPTS || !started.includes('Address already in use')) throw new Error(`nginx did not start: ${started}`)
  }
}

async function startOnce(program: string, port: number, options: NginxOptions): Promise<Nginx | string> {
  const folder = mkdtempSync(join(tmpdir(), 'clearcoat-nginx-'))
  const root = join(folder, 'pages')
  for (const [path, text] of Object.entries({ ...PAGES, ...options.pages })) {
    mkdirSync(join(root, path, '..'), { recursive: true })
    writeFileSync(join(root, path), text)
  }
  for (const [name, text] of Object.entries(options.tls ?? {})) writeFileSync(join(folder, `${name}.pem`), text)
  writeFileSync(join(folder, 'nginx.conf'), configuration(folder, root, port, options))
  const child = spawn(program, ['-p', folder, '-c', join(folder, 'nginx.conf'), '-e', 'stderr'], { stdio: ['ignore', 'ignore', 'pipe'] })
  let errors = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    errors += text
  })
  const ended = once(child, 'close')
  const clean = async (): Promise<void> => {
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGTERM')
    await ended
    rmSync(folder, { recursive: true, force: true })
  }
  if (!(await accepts(port, child))) {
    await clean()
    return errors
  }
  return {
    url: `${options.tls === undefined ? 'http' : 'https'}://127.0.0.1:${port}`,
    port,
    root,
    requests: () => readFileSync(join(folder, 'access.log'), 'utf8').split('\n').slice(0, -1),
    stop: clean,
  }
}

function configuration(folder: string, root: string, port: number, { server = '', listen = '', tls }: NginxOptions): string {
  const certificate = tls === undefined ? '' : `ssl_certificate ${folder}/cert.pem; ssl_certificate_key ${folder}/key.pem;`
  const clients = tls?.clientCa === undefined ? '' : `ssl_client_certificate ${folder}/clientCa.pem; ssl_verify_client on;`
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `${name}_temp_path ${folder}/${name};`).join('\n  ')
  return `daemon off;
master_process off;
pid ${folder}/nginx.pid;
events { worker_connections 512; }
http {
  types { text/html html; text/css css; application/octet-stream bin; }
  ${temporary}
  log_format short '$request_method $request_uri $status';
  access_log ${folder}/access.log short;
  server {
    listen 127.0.0.1:${port} ${tls === undefined ? '' : 'ssl'} ${listen};
    ${certificate} ${clients}
    root ${root};
    location = /style.css { add_header Cache-Control "max-age=60"; }
    location /private/ { add_header Cache-Control "private"; }
    ${server}
  }
}
`
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

/** Resolves with whether it accepts connections before it ends. */
async function accepts(port: number, child: ChildProcess): Promise<boolean> {
  while (child.exitCode === null && child.signalCode === null) {
    const open = await new Promise<boolean>((resolve) => {
      const socket = connect(port, '127.0.0.1', () => {
        socket.destroy()
        resolve(true)
      })
      socket.on('error', () => resolve(false))
    })
    if (open) return child.exitCode === null
    await new Promise((resolve) => setImmediate(resolve))
  }
  return false
}
