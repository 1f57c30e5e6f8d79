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
    const given = Object.entries(query).filter((pair): pair is [string, string] => pair[1] !== undefined)
    return this.#ask('GET', given.length === 0 ? path : `${path}?${new URLSearchParams(given)}`, null)
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

  #exchange(
    method: string,
    path: string,
    body: { readonly type: string; readonly text: string } | null,
  ): Promise<{ readonly status: number; readonly type: string; readonly text: string }> {
    const options: RequestOptions = {
      ...(this.#address.type === 'unix'
        ? { socketPath: this.#address.path, host: 'localhost' }
        : { host: this.#address.host ?? '127.0.0.1', port: this.#address.port }),
      method,
      path,
      agent: false,
      timeout: PATIENCE_MS,
      headers: {
        Accept: 'application/json',
        ...(this.#token === null ? {} : { Authorization: `Bearer ${this.#token}` }),
        ...(body === null ? {} : { 'Content-Type': body.type, 'Content-Length': Buffer.byteLength(body.text) }),
      },
    }
    return new Promise((resolve, reject) => {
      const call = request(options, (response) => {
        textOf(response).then(
          (text) => resolve({ status: response.statusCode ?? 0, type: response.headers['content-type'] ?? '', text }),
          reject,
        )
      })
      call.on('timeout', () => call.destroy(new Error(`no answer within ${PATIENCE_MS / 1000} s`)))
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
