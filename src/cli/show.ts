/** `clearcoat show`: one stored object, or each variant of a URL. */
import { AdminClient, CLIENT_ROWS } from './admin-client.ts'
import { type CommandRow, JSON_OPTION } from './command.ts'
import { CommandError, EXIT } from './complaint.ts'
import { CLIENT_NOTES } from './help.ts'
import type { ListedObject } from './ls.ts'
import { pairLines, shown } from './table.ts'

/** Variants of one URL that are shown. */
const MANY = 100

/** As `GET /api/object` gives it. */
type Shown = Readonly<Record<string, unknown>>

export const SHOW: CommandRow = {
  name: 'show',
  summary: 'one stored object: head, numbers, tags',
  description: 'Shows a stored object: its head, lifetimes, hits, size and tags; of a URL, each variant.',
  examples: [
    ['clearcoat show http://www.example.com/shop/1', 'each variant of a page'],
    ['clearcoat show 17', 'by the ID that ls shows'],
    ['clearcoat show 17 --json', 'for a program'],
  ],
  operands: [{ placeholder: 'URL|ID|KEY', prose: 'as ls shows it' }],
  rows: CLIENT_ROWS,
  own: [JSON_OPTION],
  notes: CLIENT_NOTES,
  run: async (given) => {
    const [name] = given.operands
    if (name === undefined)
      throw new CommandError(EXIT.usage, {
        what: 'nothing to show is named',
        why: 'there is no operand',
        how: 'give a URL, or an ID of clearcoat ls',
      })
    const objects = await found(await AdminClient.of(given), name)
    if (given.has('json')) given.around.stdout(objects.map((object) => `${JSON.stringify(object)}\n`).join(''))
    else given.around.stdout(objects.map(objectText).join('\n'))
    return EXIT.ok
  },
}

async function found(client: AdminClient, name: string): Promise<readonly Shown[]> {
  if (/^\d{1,15}$/.test(name)) return objectsOf(client, { id: name })
  if (!/^(?:https?:\/)?\//.test(name)) return objectsOf(client, { key: name })
  const { objects } = await client.get<{ readonly objects: readonly ListedObject[] }>('/api/objects', { url: name, limit: String(MANY) })
  const all: Shown[] = []
  for (const { id } of objects) all.push(...(await objectsOf(client, { id: String(id) })))
  if (all.length > 0) return all
  throw new CommandError(EXIT.failure, {
    what: `nothing is stored for ${name}`,
    why: 'no object has this URL',
    how: `clearcoat explain ${name} says why, clearcoat ls what there is`,
  })
}

async function objectsOf(client: AdminClient, which: Readonly<Record<string, string>>): Promise<readonly Shown[]> {
  const { objects } = await client.get<{ readonly objects: readonly Shown[] }>('/api/object', which)
  return objects
}

/** Names and values, then the head as it is sent. */
function objectText(object: Shown): string {
  const { headers, ...facts } = object
  const head = Array.isArray(headers) ? headers.map((field) => (Array.isArray(field) ? field.join(': ') : String(field))) : []
  const pairs = Object.entries(facts)
    .filter(([, value]) => value !== null && value !== undefined && !(Array.isArray(value) && value.length === 0))
    .map(([name, value]) => [name, valueText(value)] as const)
  return `${pairLines(pairs)}${head.map((line) => `  ${shown(line)}\n`).join('')}`
}

function valueText(value: unknown): string {
  if (Array.isArray(value) && value.every((item) => typeof item === 'string')) return value.join(' ')
  return typeof value === 'string' ? value : JSON.stringify(value)
}
