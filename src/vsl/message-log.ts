/** One message as a transaction shows it: whole at first, and from then on only what has changed of it. */
import type { OpenTransaction } from './journal.ts'
import { fieldText, urlText } from './record-text.ts'
import type { Tag } from './tags.ts'

type Side = 'Req' | 'Resp' | 'Bereq' | 'Beresp'
type Fields = Iterable<readonly [name: string, value: string]>

export class MessageLog {
  readonly #open: OpenTransaction
  readonly #side: Side
  readonly #line = new Map<string, string>()
  #fields: readonly (readonly [name: string, value: string])[] = []

  constructor(open: OpenTransaction, side: Side) {
    this.#open = open
    this.#side = side
  }

  /** `protocol`: `1.1`. */
  request(method: string, url: string, protocol: string, fields: Fields): void {
    this.#say('Method', method)
    this.#say('URL', urlText(url))
    this.#say('Protocol', `HTTP/${protocol}`)
    this.fields(fields)
  }

  response(protocol: string, status: number, reason: string): void {
    this.#say('Protocol', `HTTP/${protocol}`)
    this.#say('Status', String(status))
    this.#say('Reason', reason)
  }

  fields(fields: Fields): void {
    const now = [...fields]
    const left = new Map<string, number>()
    for (const [name, value] of this.#fields) count(left, `${name}: ${value}`, 1)
    const fresh = now.filter(([name, value]) => !count(left, `${name}: ${value}`, -1))
    for (const [name, value] of this.#fields) if (count(left, `${name}: ${value}`, -1)) this.#tell('Unset', fieldText(name, value))
    for (const [name, value] of fresh) this.#tell('Header', fieldText(name, value))
    this.#fields = now
  }

  #say(part: 'Method' | 'URL' | 'Protocol' | 'Status' | 'Reason', text: string): void {
    if (this.#line.get(part) === text) return
    this.#line.set(part, text)
    this.#tell(part, text)
  }

  #tell(part: string, text: string): void {
    this.#open.add(`${this.#side}${part}` as Tag, text)
  }
}

/** Adds to a count; takes away only what is there. Answers whether it did. */
function count(counts: Map<string, number>, key: string, amount: 1 | -1): boolean {
  const now = (counts.get(key) ?? 0) + amount
  if (now < 0) return false
  counts.set(key, now)
  return true
}

/** The fields of a head as it is sent. */
export function fieldsOfLines(lines: string): readonly (readonly [name: string, value: string])[] {
  return lines
    .split('\r\n')
    .filter((line) => line !== '')
    .map((line) => {
      const at = line.indexOf(':')
      return [line.slice(0, at), line.slice(at + 1).trim()] as const
    })
}

/** Bytes of a head as it is written. */
export function headBytes(firstLine: string, fields: Fields): number {
  let bytes = firstLine.length + 4
  for (const [name, value] of fields) bytes += name.length + value.length + 4
  return bytes
}
