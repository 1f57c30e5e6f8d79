/** Listens to the transaction log of a server at `GET /log`, as a program would. */
import { type IncomingMessage, request } from 'node:http'
import { onTestFinished } from 'vitest'
import type { LoggedTransaction, LogLine } from '../../src/admin/log-stream.ts'
import type { Server } from '../../src/index.ts'
import type { Tag } from '../../src/vsl/tags.ts'

export class Listening {
  readonly response: IncomingMessage
  readonly lines: LogLine[] = []
  #rest = ''
  #wake: (() => void)[] = []
  #over = false

  constructor(response: IncomingMessage) {
    this.response = response
    onTestFinished(() => void response.destroy())
    response
      .on('error', () => {})
      .on('close', () => {
        this.#over = true
        this.#tell()
      })
  }

  read(): this {
    this.response.setEncoding('utf8').on('data', (text: string) => {
      const whole = `${this.#rest}${text}`.split('\n')
      this.#rest = whole.pop() ?? ''
      for (const line of whole) this.lines.push(JSON.parse(line) as LogLine)
      this.#tell()
    })
    return this
  }

  /** Resolves with the lines when there are so many; rejects when there will not be. */
  async take(count: number): Promise<readonly LogLine[]> {
    while (this.lines.length < count) {
      if (this.#over) throw new Error(`the log ended after ${this.lines.length} of ${count} lines`)
      await new Promise<void>((resolve) => this.#wake.push(resolve))
    }
    return this.lines.slice(0, count)
  }

  #tell(): void {
    for (const wake of this.#wake.splice(0)) wake()
  }

  /** The transactions of the first group. */
  async group(): Promise<readonly LoggedTransaction[]> {
    return (await this.take(1))[0]?.transactions ?? []
  }
}

/** Resolves when everything that begins from then on is recorded. `query` as behind the `?`. */
export function listen(server: Server, query: Readonly<Record<string, string>> = {}): Promise<Listening> {
  return opened(server, query).then((listening) => listening.read())
}

/** As `listen`, of one that reads nothing. */
export function opened(server: Server, query: Readonly<Record<string, string>> = {}): Promise<Listening> {
  const [host = '', port = ''] = (server.admin ?? '').split(':')
  return new Promise((resolve, reject) => {
    request({ host, port, path: `/log?${new URLSearchParams(query)}`, agent: false }, (response) => resolve(new Listening(response)))
      .on('error', reject)
      .end()
  })
}

/** The texts of a tag's records. */
export function texts({ records }: Pick<LoggedTransaction, 'records'>, tag: Tag): readonly string[] {
  return records.flatMap(([each, text]) => (each === tag ? [text] : []))
}

/** Levels, types, ids: `1 req 1001 rxreq`. */
export function outline(transactions: readonly LoggedTransaction[]): readonly string[] {
  return transactions.map(({ level, type, vxid, reason }) => `${level} ${type} ${vxid} ${reason}`)
}

/** What the hooks were, and answered: `RECV hash`. */
export function hooks({ records }: LoggedTransaction): readonly string[] {
  const all: string[] = []
  for (const [tag, text] of records) {
    if (tag === 'VCL_call') all.push(text)
    else if (tag === 'VCL_return') all.push(`${all.pop() ?? '?'} ${text}`)
  }
  return all
}
