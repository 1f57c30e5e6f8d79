/** `clearcoat ls`: what is stored. */
import { formatSize } from '../config/size.ts'
import { AdminClient, CLIENT_ROWS } from './admin-client.ts'
import { type CommandRow, JSON_OPTION } from './command.ts'
import { EXIT } from './complaint.ts'
import { duration } from './duration-text.ts'
import { CLIENT_NOTES } from './help.ts'
import { PAGE_OPTIONS, printList } from './pages.ts'

/** As `GET /api/objects` lists it; times in seconds, sizes in bytes. */
export interface ListedObject {
  readonly id: number
  /** `null`, as is the host, where a policy made the key without them. */
  readonly url: string | null
  readonly host: string | null
  readonly key: string
  readonly status: number
  readonly bytes: number
  readonly hits: number
  readonly age: number
  readonly ttl: number
  readonly state: string
}

const TITLES = ['ID', 'STATE', ' STATUS', ' SIZE', ' HITS', ' AGE', ' TTL', 'URL'] as const

export const LS: CommandRow = {
  name: 'ls',
  summary: 'what is stored',
  description: 'Lists stored objects, a line each. FILTER is a URL (http://host/path), a path that URLs begin with, or a host.',
  examples: [
    ['clearcoat ls', `the first 100`],
    ['clearcoat ls /blog/ --host www.example.com', ''],
    ['clearcoat ls --tag product-7 --json', 'an object a line'],
    ['clearcoat ls --all --status 404', ''],
  ],
  operands: [{ placeholder: 'FILTER', prose: 'a URL, the beginning of a path, or a host' }],
  rows: CLIENT_ROWS,
  own: [
    { flag: 'host', placeholder: 'HOST', prose: 'of this host' },
    { flag: 'prefix', placeholder: 'PATH', prose: 'whose path begins so' },
    { flag: 'tag', placeholder: 'TAG', prose: 'with this tag' },
    { flag: 'status', placeholder: 'CODE', prose: 'with this status' },
    ...PAGE_OPTIONS,
    JSON_OPTION,
  ],
  notes: CLIENT_NOTES,
  run: async (given) => {
    const of = (flag: string): string | undefined => given.texts(flag).at(-1)
    const query = {
      ...filterQuery(given.operands[0]),
      ...drop({ host: of('host'), prefix: of('prefix'), tag: of('tag'), status: of('status') }),
    }
    await printList(
      await AdminClient.of(given),
      { path: '/api/objects', key: 'objects', query },
      { titles: TITLES, row, nothing: 'Nothing is stored that matches.' },
      given,
    )
    return EXIT.ok
  },
}

function filterQuery(filter: string | undefined): Record<string, string> {
  if (filter === undefined) return {}
  if (filter.startsWith('/')) return { prefix: filter }
  return filter.includes('/') ? { url: filter } : { host: filter }
}

function drop(query: Readonly<Record<string, string | undefined>>): Record<string, string> {
  return Object.fromEntries(Object.entries(query).filter((pair): pair is [string, string] => pair[1] !== undefined))
}

function row({ id, state, status, bytes, hits, age, ttl, host, url, key }: ListedObject): string[] {
  return [
    String(id),
    state,
    String(status),
    formatSize(bytes),
    String(hits),
    duration(age),
    duration(ttl),
    url === null ? key : `${host ?? ''}${url}`,
  ]
}
