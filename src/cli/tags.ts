/** `clearcoat tags`: the tags of what is stored. */
import { AdminClient, CLIENT_ROWS } from './admin-client.ts'
import { type CommandRow, JSON_OPTION } from './command.ts'
import { EXIT } from './complaint.ts'
import { CLIENT_NOTES } from './help.ts'
import { listed, PAGE_OPTIONS } from './pages.ts'
import { columns } from './table.ts'

interface ListedTag {
  readonly tag: string
  readonly objects: number
}

export const TAGS: CommandRow = {
  name: 'tags',
  summary: 'the tags of what is stored',
  description: 'Lists the tags that stored objects carry, and how many objects carry each.',
  examples: [
    ['clearcoat tags', ''],
    ['clearcoat tags product-', 'those that begin so'],
  ],
  operands: [{ placeholder: 'PREFIX', prose: 'tags that begin so' }],
  rows: CLIENT_ROWS,
  own: [...PAGE_OPTIONS, JSON_OPTION],
  notes: CLIENT_NOTES,
  run: async (given) => {
    const { operands, around } = given
    let first = true
    for await (const { items, more } of listed<'tags', ListedTag>(
      await AdminClient.of(given),
      '/api/tags',
      'tags',
      { prefix: operands[0] },
      given,
    )) {
      if (given.has('json')) around.stdout(items.map((item) => `${JSON.stringify(item)}\n`).join(''))
      else if (items.length > 0)
        around.stdout(
          columns(
            [' OBJECTS', 'TAG'],
            items.map(({ tag, objects }) => [String(objects), tag]),
          ),
        )
      else if (first) around.stdout('Nothing that is stored carries such a tag.\n')
      if (more) around.stderr('There are more: --limit N, or --all.\n')
      first = false
    }
    return EXIT.ok
  },
}
