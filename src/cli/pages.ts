/** Lists that the server gives in pages. */
import type { AdminClient } from './admin-client.ts'
import type { Given, OwnOption } from './command.ts'
import { CommandError, EXIT } from './complaint.ts'
import { columns } from './table.ts'

const PAGE = 1000
const FIRST = 100

export const PAGE_OPTIONS: readonly OwnOption[] = [
  { flag: 'limit', placeholder: 'N', prose: `at most so many (default: ${FIRST})` },
  { flag: 'all', prose: 'all of them' },
]

type Page<Key extends string, Item> = { readonly [K in Key]: readonly Item[] } & { readonly next?: string | null }

export interface ListRequest<Key extends string> {
  readonly path: string
  /** Of the list in the answer. */
  readonly key: Key
  readonly query: Readonly<Record<string, string | undefined>>
}

export interface ListForm<Item> {
  readonly titles: readonly string[]
  readonly row: (item: Item) => readonly string[]
  /** Where there is nothing to list. */
  readonly nothing: string
}

/** Prints what `--limit` or `--all` asks for, page by page: a table with its titles once, or with `--json` a line of JSON for each item. */
export async function printList<Key extends string, Item>(
  client: AdminClient,
  { path, key, query }: ListRequest<Key>,
  { titles, row, nothing }: ListForm<Item>,
  { texts, has, around }: Given,
): Promise<void> {
  let left = has('all') ? Number.POSITIVE_INFINITY : limitOf(texts('limit').at(-1))
  let cursor: string | undefined
  let isFirst = true
  do {
    const page: Page<Key, Item> = await client.get(path, { ...query, limit: String(Math.min(PAGE, left)), cursor })
    const items: readonly Item[] = page[key]
    if (has('json')) around.stdout(items.map((item) => `${JSON.stringify(item)}\n`).join(''))
    else if (items.length > 0) around.stdout(columns(titles, items.map(row), !isFirst))
    else if (isFirst) around.stdout(`${nothing}\n`)
    left -= items.length
    cursor = page.next ?? undefined
    isFirst = false
  } while (cursor !== undefined && left > 0)
  if (cursor !== undefined) around.stderr('There are more: --limit N, or --all.\n')
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
