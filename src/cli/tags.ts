/** `clearcoat tags`: the tags of what is stored. */
import { AdminClient, CLIENT_ROWS } from './admin-client.ts'
import { type CommandRow, JSON_OPTION } from './command.ts'
import { EXIT } from './complaint.ts'
import { CLIENT_NOTES } from './help.ts'
import { PAGE_OPTIONS, printList } from './pages.ts'

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
    const [prefix] = given.operands
    const row = ({ tag, objects }: ListedTag): readonly string[] => [String(objects), tag]
    await printList(
      await AdminClient.of(given),
      { path: '/api/tags', key: 'tags', query: { prefix } },
      { titles: [' OBJECTS', 'TAG'], row, nothing: 'Nothing that is stored carries such a tag.' },
      given,
    )
    return EXIT.ok
  },
}
