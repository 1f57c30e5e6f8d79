/** Lists that the server gives in pages. */
import type { AdminClient } from './admin-client.ts'
import type { Given, OwnOption } from './command.ts'
import { CommandError, EXIT } from './complaint.ts'

const PAGE = 1000
const FIRST = 100

export const PAGE_OPTIONS: readonly OwnOption[] = [
  { flag: 'limit', placeholder: 'N', prose: `at most so many (default: ${FIRST})` },
  { flag: 'all', prose: 'all of them' },
]

type Page<Key extends string, Item> = { readonly [K in Key]: readonly Item[] } & { readonly next?: string | null }

export interface Listing<Item> {
  readonly items: readonly Item[]
  /** There are more than were asked for. */
  readonly more: boolean
}

/** What `--limit` or `--all` asks for, page by page; the last page tells whether there is more. */
export async function* listed<Key extends string, Item>(
  client: AdminClient,
  path: string,
  key: Key,
  query: Readonly<Record<string, string | undefined>>,
  given: Pick<Given, 'texts' | 'has'>,
): AsyncGenerator<Listing<Item>> {
  let left = given.has('all') ? Number.POSITIVE_INFINITY : limitOf(given.texts('limit').at(-1))
  let cursor: string | undefined
  do {
    const page: Page<Key, Item> = await client.get(path, { ...query, limit: String(Math.min(PAGE, left)), cursor })
    const items = page[key]
    left -= items.length
    cursor = page.next ?? undefined
    yield { items, more: cursor !== undefined && left <= 0 }
  } while (cursor !== undefined && left > 0)
}

function limitOf(text: string | undefined): number {
  if (text === undefined) return FIRST
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text)
  throw new CommandError(EXIT.usage, {
    what: `--limit ${JSON.stringify(text)} cannot be used`,
    why: 'it is no whole number from 1',
    how: 'give one, or --all',
  })
}
