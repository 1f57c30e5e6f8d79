/** The nouns of a hook as text, before and after one of its functions ran. */
import type { Backend } from '../../../vcl-ts/backend.ts'
import { HeaderMap } from '../../../vcl-ts/headers.ts'
import { NOUNS, type RequestHook } from '../../../vcl-ts/legal.ts'
import type { Change } from '../explanation.ts'

/** Noun → value, in the order in which they are shown. */
export type Snapshot = ReadonlyMap<string, string>

type Noun = Readonly<Record<string, unknown>>

/** What a hook may assign, by noun. `headers`, `tags` and `state` are taken apart; `key` is its text. */
const WRITABLE: Readonly<Record<string, readonly string[]>> = {
  client: ['identity'],
  req: [
    'method',
    'url',
    'headers',
    'scheme',
    'backend',
    'hashAlwaysMiss',
    'hashIgnoreBusy',
    'hashIgnoreVary',
    'ttl',
    'grace',
    'credentialed',
    'esi',
    'slice',
  ],
  key: ['text', 'withScheme'],
  resp: ['status', 'reason', 'headers', 'filterList', 'body'],
  bereq: ['method', 'url', 'headers', 'backend', 'connectTimeout', 'firstByteTimeout', 'betweenBytesTimeout'],
  beresp: [
    'status',
    'reason',
    'headers',
    'ttl',
    'grace',
    'staleIfError',
    'keep',
    'uncacheable',
    'why',
    'stream',
    'esi',
    'compress',
    'filterList',
    'tags',
    'body',
  ],
}

/** Longest value that is shown whole. */
const LONGEST = 200
/** Fields that hold credentials or cookies, and what of a line may be shown. */
const SECRETS: Readonly<Record<string, (line: string) => string>> = {
  authorization: (line) => `${line.split(' ', 1)[0]} ***`,
  'proxy-authorization': (line) => `${line.split(' ', 1)[0]} ***`,
  cookie: (line) => line.split(';').map(hidden).join('; '),
  'set-cookie': (line) => [hidden(line.split(';', 1)[0] ?? ''), ...line.split(';').slice(1)].join(';'),
}

export function snapshot(hook: RequestHook, context: object): Snapshot {
  const values = new Map<string, string>()
  for (const name of NOUNS[hook] as readonly string[]) {
    const noun: unknown = (context as Noun)[name]
    if (typeof noun !== 'object' || noun === null) continue
    if (name === 'state') noteState(values, noun as Noun)
    else for (const property of WRITABLE[name] ?? []) noteProperty(values, `${name}.${property}`, (noun as Noun)[property])
  }
  return values
}

/** What differs, values shortened and secrets hidden. */
export function changes(before: Snapshot, after: Snapshot): readonly Change[] {
  const names = new Set([...before.keys(), ...after.keys()])
  return [...names].flatMap((noun) => {
    const [old, now] = [before.get(noun), after.get(noun)]
    return old === now ? [] : [{ noun, before: shown(noun, old), after: shown(noun, now) }]
  })
}

/** The lines of a field as they may be shown to whoever operates the cache: the names of cookies, not what they hold. */
export function shownField(name: string, lines: readonly string[]): string {
  const show = Object.hasOwn(SECRETS, name) ? SECRETS[name] : undefined
  return shortened((show === undefined ? lines : lines.map(show)).join(', '))
}

/** `name=***`. */
function hidden(pair: string): string {
  const at = pair.indexOf('=')
  return at < 0 ? '***' : `${pair.slice(0, at).trim()}=***`
}

function shortened(text: string): string {
  return text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text
}

function noteProperty(values: Map<string, string>, noun: string, value: unknown): void {
  if (value === undefined || value === null) return
  if (value instanceof HeaderMap) for (const name of namesOf(value)) values.set(`${noun}.${name}`, value.getAll(name).join('\n'))
  else if (value instanceof Set) for (const member of value) values.set(`${noun} ${String(member)}`, String(member))
  else if (noun.endsWith('.backend')) values.set(noun, (value as Backend).url)
  else if (Array.isArray(value)) values.set(noun.replace(/List$/, 's'), String(value.length))
  else if (value instanceof Uint8Array) values.set(noun, `${value.length} bytes`)
  else values.set(noun, String(value))
}

/** Only what can be told as it is; what a policy keeps there besides is its own. */
function noteState(values: Map<string, string>, state: Noun): void {
  for (const [name, value] of Object.entries(state))
    if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') values.set(`state.${name}`, String(value))
}

function namesOf(headers: HeaderMap): ReadonlySet<string> {
  return new Set(Array.from({ length: headers.size }, (_, at) => headers.lowerAt(at)))
}

function shown(noun: string, value: string | undefined): string | null {
  if (value === undefined) return null
  const at = noun.indexOf('.headers.')
  return at < 0 ? shortened(value) : shownField(noun.slice(at + '.headers.'.length), value.split('\n'))
}
