/** A real redis-server on loopback, in memory only. Its own door for tests is a Unix socket, so that they reach it whatever its port asks for. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { REDIS, requireTool } from '../setup/tools.ts'
import { guard } from './child-guard.ts'
import { freePorts } from './free-port.ts'
import { RespClient, type RespReply } from './resp-client.ts'

export interface RedisServerOptions {
  /** Of the user `default`. */
  readonly password?: string
  /** Lines of an ACL file: `user node on >word ~clearcoat:* +get`. The user `default` may do everything unless one of them says otherwise. */
  readonly acl?: readonly string[]
  /** It speaks TLS on its port. */
  readonly tls?: { readonly cert: string; readonly key: string }
  /** It is a Sentinel, which knows where this master is. */
  readonly watches?: { readonly name: string; readonly port: number }
  /** Further directives of redis.conf, as they are written there: `{ maxmemory: '4mb' }`. */
  readonly config?: RedisConfig
  /** Files in its folder, by name. */
  readonly files?: Readonly<Record<string, string | Buffer>>
  /** Default: a free one. */
  readonly port?: number
}

export type RedisConfig = Readonly<Record<string, string | number>>

const ATTEMPTS = 5
/** Who asks through `cli` where there is an ACL file. */
const OPERATOR = 'test-operator'

const DIRECTIVES: RedisConfig = {
  bind: '127.0.0.1',
  save: '',
  appendonly: 'no',
  'enable-debug-command': 'yes',
  'repl-diskless-sync-delay': 0,
  'shutdown-timeout': 0,
}

/** One Sentinel decides alone, and soon. */
function sentinelDirectives({ name, port }: { readonly name: string; readonly port: number }): RedisConfig {
  return {
    bind: '127.0.0.1',
    [`sentinel monitor ${name}`]: `127.0.0.1 ${port} 1`,
    [`sentinel down-after-milliseconds ${name}`]: 300,
    [`sentinel failover-timeout ${name}`]: 1000,
  }
}

/** Resolves when it answers. Whoever starts it stops it; it ends with this process in any case. */
export async function startRedis(options: RedisServerOptions = {}): Promise<RedisServer> {
  for (let attempt = 1; ; attempt++) {
    const port = options.port ?? (await freePorts(1))[0] ?? 0
    const server = new RedisServer(port, options)
    const failure = await server.start()
    if (failure === null) return server
    await server.stop()
    // The port may have been taken between choosing and listening.
    if (attempt === ATTEMPTS || options.port !== undefined || !failure.includes('Address already in use'))
      throw new Error(`redis-server did not start: ${failure}`)
  }
}

export class RedisServer {
  readonly port: number
  /** Where its log, its socket and whatever it writes lie. */
  readonly folder: string
  readonly #options: RedisServerOptions
  #config: RedisConfig
  #child: ChildProcess | null = null
  #ended: Promise<unknown> = Promise.resolve()
  #client: Promise<RespClient> | null = null

  constructor(port: number, options: RedisServerOptions) {
    this.port = port
    this.#options = options
    this.#config = options.config ?? {}
    this.folder = mkdtempSync(join(tmpdir(), 'clearcoat-redis-'))
    for (const [name, content] of Object.entries(options.files ?? {})) writeFileSync(join(this.folder, name), content)
  }

  /** `redis://127.0.0.1:port`, or `rediss://…`; no password. */
  get url(): string {
    return `${this.#options.tls === undefined ? 'redis' : 'rediss'}://127.0.0.1:${this.port}`
  }

  /** A Unix socket, always plain. */
  get socket(): string {
    return join(this.folder, 'redis.sock')
  }

  get pid(): number {
    return this.#child?.pid ?? 0
  }

  /** What it said so far. */
  get log(): string {
    const file = join(this.folder, 'redis.log')
    return existsSync(file) ? readFileSync(file, 'utf8') : ''
  }

  /** Asks it as somebody who may do everything, on a connection of its own. Rejects with what Redis answers as an error. */
  async cli(...args: readonly (string | number | Buffer)[]): Promise<RespReply> {
    return (await this.#asking()).ask(...args)
  }

  /** Resolves with `null`, or with what it said before it ended. */
  async start(): Promise<string | null> {
    const program = requireTool(REDIS)
    writeFileSync(join(this.folder, 'redis.conf'), this.#configuration())
    const mode = this.#options.watches === undefined ? [] : ['--sentinel']
    const child = spawn(program, ['redis.conf', ...mode], { cwd: this.folder, stdio: ['ignore', 'ignore', 'pipe'] })
    let complaint = ''
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      complaint += text
    })
    const spared = guard(child)
    this.#child = child
    this.#ended = once(child, 'close').then(spared)
    for (;;) {
      if (child.exitCode !== null || child.signalCode !== null) {
        await this.#ended
        return complaint + this.log
      }
      try {
        // The socket is opened last; while it loads its data it says so, which is an answer as well.
        await this.cli('PING').catch((error: Error) => {
          if (!error.message.startsWith('LOADING')) throw error
        })
        return null
      } catch {
        await new Promise((resolve) => setImmediate(resolve))
      }
    }
  }

  /** SIGKILL: nothing is said to anybody. */
  async kill(): Promise<void> {
    this.#client?.then(
      (client) => client.close(),
      () => {},
    )
    this.#client = null
    if (this.#child === null) return
    this.#child.kill('SIGKILL')
    await this.#ended
    this.#child = null
  }

  /** SIGSTOP: it accepts connections, as the kernel does that, and never answers. */
  async freeze(): Promise<void> {
    this.#child?.kill('SIGSTOP')
    while (!readFileSync(`/proc/${this.pid}/stat`, 'latin1').includes(') T ')) await new Promise((resolve) => setImmediate(resolve))
  }

  thaw(): void {
    this.#child?.kill('SIGCONT')
  }

  /** On the same port; what it had in memory is gone. Directives stay in force for later restarts. */
  async restart(config: RedisConfig = {}): Promise<void> {
    await this.kill()
    this.#config = { ...this.#config, ...config }
    const failure = await this.start()
    if (failure !== null) throw new Error(`redis-server did not start again: ${failure}`)
  }

  async stop(): Promise<void> {
    await this.kill()
    rmSync(this.folder, { recursive: true, force: true })
  }

  #configuration(): string {
    const { password, acl, tls, watches } = this.#options
    const directives: Record<string, string | number> = {
      ...(watches === undefined ? DIRECTIVES : sentinelDirectives(watches)),
      dir: this.folder,
      logfile: join(this.folder, 'redis.log'),
      unixsocket: this.socket,
      port: tls === undefined ? this.port : 0,
    }
    if (password !== undefined) directives['requirepass'] = JSON.stringify(password)
    if (acl !== undefined) {
      const everybody = acl.some((line) => line.startsWith('user default ')) ? [] : ['user default on nopass ~* &* +@all']
      const lines = [...everybody, `user ${OPERATOR} on nopass ~* &* +@all`, ...acl]
      writeFileSync(join(this.folder, 'users.acl'), `${lines.join('\n')}\n`)
      directives['aclfile'] = join(this.folder, 'users.acl')
    }
    if (tls !== undefined) {
      for (const [name, text] of Object.entries(tls)) writeFileSync(join(this.folder, `${name}.pem`), text)
      directives['tls-port'] = this.port
      directives['tls-cert-file'] = join(this.folder, 'cert.pem')
      directives['tls-key-file'] = join(this.folder, 'key.pem')
      // It wants an authority even where clients show no certificate.
      directives['tls-ca-cert-file'] = join(this.folder, 'cert.pem')
      directives['tls-auth-clients'] = 'no'
    }
    return Object.entries({ ...directives, ...this.#config })
      .map(([name, value]) => `${name} ${value === '' ? '""' : value}\n`)
      .join('')
  }

  async #asking(): Promise<RespClient> {
    const kept = await this.#client?.catch(() => null)
    if (kept?.open === true) return kept
    this.#client = this.#connect()
    return this.#client
  }

  async #connect(): Promise<RespClient> {
    const client = await RespClient.open(this.socket)
    const { password, acl } = this.#options
    if (acl !== undefined) await client.ask('AUTH', OPERATOR, '-')
    else if (password !== undefined) await client.ask('AUTH', password)
    return client
  }
}
