/** Speaks to the admin listener of a running server. */
import { type IncomingMessage, type RequestOptions, request } from 'node:http'
import { ConfigError } from '../config/config-error.ts'
import { CONFIG_OPTION, OPTIONS, type OptionRow } from '../config/options.ts'
import { type OptionTexts, resolveOption } from '../config/resolve.ts'
import { type ListenAddress, parseListenAddress } from '../listen/address.ts'
import { tableRow } from './command.ts'
import { CommandError, EXIT } from './complaint.ts'
import { configFile } from './config-file.ts'

/** The options of the table that say where the server is. */
export const CLIENT_ROWS: readonly OptionRow<unknown>[] = [
  tableRow({ ...OPTIONS.admin, group: 'Server', prose: 'the admin address of the running server' }),
  tableRow({ ...OPTIONS.adminToken, group: 'Server', prose: 'its token; better in the file CLEARCOAT_ADMIN_TOKEN_FILE' }),
  tableRow({ ...CONFIG_OPTION, group: 'Server' }),
]

/** An operator's request may walk over every object, or ask an origin. */
const PATIENCE_MS = 600_000

export interface CommandAnswer {
  /** As of Varnish's CLI: 200 is done. */
  readonly status: number
  readonly text: string
}

export class AdminClient {
  readonly #address: ListenAddress
  readonly #shown: string
  readonly #token: string | null

  /** Throws a `ConfigError` for an address that cannot be. */
  constructor(address: string, token: string | null) {
    this.#address = addressOf(address)
    this.#shown = address
    this.#token = token
  }

  /** The client that flags, variables and configuration file ask for. */
  static async of({ options, around }: { options: Pick<OptionTexts, 'flags' | 'env'>; around: { folder: string } }): Promise<AdminClient> {
    const texts = { ...options, file: await configFile(options, around.folder) }
    const { value, origin } = resolveOption(OPTIONS.admin, 'admin', texts)
    if (value === null)
      throw new CommandError(EXIT.config, {
        what: 'no server can be asked',
        why: `the admin address is off (${origin})`,
        how: 'give the address of the running server with --admin or CLEARCOAT_ADMIN',
      })
    return new AdminClient(value, resolveOption(OPTIONS.adminToken, 'adminToken', texts).value)
  }

  /** Each rejects with a `CommandError` that says what to do when nobody answers or the server refuses. */
  get<T extends object>(path: string, query: Readonly<Record<string, string | undefined>> = {}): Promise<T> {
    return this.#ask('GET', withQuery(path, query), null)
  }

  /** Lines of JSON until `line` answers `false`, or the server ends. */
  async lines<T extends object>(
    path: string,
    query: Readonly<Record<string, string | undefined>>,
    line: (value: T) => Promise<boolean>,
  ): Promise<void> {
    const response = await this.#open('GET', withQuery(path, query), null, 0).catch((error: unknown) => {
      throw this.#unanswered(error)
    })
    const { statusCode: status = 0 } = response
    const text = status === 200 ? '' : await textOf(response)
    if (status >= 400) throw this.#refused(status, parsed(text), text)
    if (status !== 200 || response.headers['content-type']?.includes('ndjson') !== true) throw this.#stranger()
    response.setEncoding('utf8')
    let rest = ''
    try {
      for await (const chunk of response) {
        const whole = `${rest}${chunk}`.split('\n')
        rest = whole.pop() ?? ''
        for (const each of whole) if (each !== '' && !(await line(JSON.parse(each) as T))) return
      }
    } catch (error) {
      throw this.#unanswered(error)
    }
  }

  post<T extends object>(path: string, body: object): Promise<T> {
    return this.#ask('POST', path, { type: 'application/json', text: JSON.stringify(body) })
  }

  /** One line in varnishadm's words. */
  command(line: string): Promise<CommandAnswer> {
    return this.#ask('POST', '/command', { type: 'text/plain', text: line })
  }

  async #ask<T extends object>(method: string, path: string, body: { readonly type: string; readonly text: string } | null): Promise<T> {
    const { status, type, text } = await this.#exchange(method, path, body).catch((error: unknown) => {
      throw this.#unanswered(error)
    })
    const answer = type.includes('json') ? parsed(text) : null
    if (status >= 200 && status < 300 && answer !== null) return answer as T
    throw status >= 400 ? this.#refused(status, answer, text) : this.#stranger()
  }

  async #exchange(
    method: string,
    path: string,
    body: { readonly type: string; readonly text: string } | null,
  ): Promise<{ readonly status: number; readonly type: string; readonly text: string }> {
    const response = await this.#open(method, path, body, PATIENCE_MS)
    return { status: response.statusCode ?? 0, type: response.headers['content-type'] ?? '', text: await textOf(response) }
  }

  /** `patience` in milliseconds, 0: without end. */
  #open(
    method: string,
    path: string,
    body: { readonly type: string; readonly text: string } | null,
    patience: number,
  ): Promise<IncomingMessage> {
    const options: RequestOptions = {
      ...(this.#address.type === 'unix'
        ? { socketPath: this.#address.path, host: 'localhost' }
        : { host: this.#address.host ?? '127.0.0.1', port: this.#address.port }),
      method,
      path,
      agent: false,
      timeout: patience,
      headers: {
        Accept: 'application/json',
        ...(this.#token === null ? {} : { Authorization: `Bearer ${this.#token}` }),
        ...(body === null ? {} : { 'Content-Type': body.type, 'Content-Length': Buffer.byteLength(body.text) }),
      },
    }
    return new Promise((resolve, reject) => {
      const call = request(options, resolve)
      call.on('timeout', () => call.destroy(new Error(`no answer within ${patience / 1000} s`)))
      call.on('error', reject).end(body?.text)
    })
  }

  #unanswered(error: unknown): CommandError {
    const { code, message } = error as NodeJS.ErrnoException
    return new CommandError(EXIT.unavailable, {
      what: `no server answers at ${this.#shown}`,
      why: code === undefined ? message : `${REASONS[code] ?? message} (${code})`,
      how: 'start one, or say where it is: --admin 127.0.0.1:6082 or CLEARCOAT_ADMIN, as its own --admin says',
    })
  }

  #refused(status: number, problem: { title?: unknown; detail?: unknown; how?: unknown } | null, text: string): CommandError {
    const { title, detail, how } = problem ?? {}
    const token =
      this.#token === null ? 'give it with --admin-token or CLEARCOAT_ADMIN_TOKEN_FILE' : 'give the one that the server was started with'
    return new CommandError(EXIT.failure, {
      what: typeof title === 'string' ? title.replace(/^[A-Z]/, (letter) => letter.toLowerCase()) : `the server refused it with ${status}`,
      why: typeof detail === 'string' ? detail : text.trim().slice(0, 500) || `it answered ${status}`,
      how: status === 401 ? token : typeof how === 'string' ? how : 'see clearcoat COMMAND --help',
    })
  }

  #stranger(): CommandError {
    return new CommandError(EXIT.unavailable, {
      what: `what answers at ${this.#shown} is no admin listener`,
      why: 'its answer is not JSON',
      how: 'give the address that the server shows as admin when it starts',
    })
  }
}

function withQuery(path: string, query: Readonly<Record<string, string | undefined>>): string {
  const given = Object.entries(query).filter((pair): pair is [string, string] => pair[1] !== undefined)
  return given.length === 0 ? path : `${path}?${new URLSearchParams(given)}`
}

function addressOf(text: string): ListenAddress {
  try {
    return parseListenAddress(text)
  } catch {
    throw new ConfigError({
      what: `the admin address ${JSON.stringify(text)} cannot be used`,
      why: 'it is neither host:port nor a socket path',
      how: 'write it as the server shows it: 127.0.0.1:6082 or unix:/path',
    })
  }
}

const REASONS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nothing listens there',
  ENOENT: 'there is no such socket',
  EACCES: 'this user may not open the socket',
  ENOTFOUND: 'the name has no address',
  ECONNRESET: 'the connection broke off',
}

function textOf(response: IncomingMessage): Promise<string> {
  return new Promise((resolve, reject) => {
    const parts: Buffer[] = []
    response.on('data', (part: Buffer) => parts.push(part))
    response.on('error', reject).on('end', () => resolve(Buffer.concat(parts).toString()))
  })
}

function parsed(text: string): object | null {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' ? value : null
  } catch {
    return null
  }
}
