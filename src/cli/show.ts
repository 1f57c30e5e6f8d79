/** `clearcoat show`: one stored object, or each variant of a URL. */
import { AdminClient, CLIENT_ROWS } from './admin-client.ts'
import { type CommandRow, JSON_OPTION } from './command.ts'
import { CommandError, EXIT } from './complaint.ts'
import { CLIENT_NOTES } from './help.ts'

export const SHOW: CommandRow = {
  name: 'show',
  summary: 'one stored object: head, numbers, tags',
  description: 'Shows a stored object: the head, lifetimes, hits, size and tags; of a URL, each variant.',
  examples: [
    ['clearcoat show http://www.example.com/shop/1', 'each variant of a page'],
    ['clearcoat show 17', 'by the ID that ls shows'],
  ],
  operands: [{ placeholder: 'URL|KEY|ID', prose: 'as ls shows it' }],
  rows: CLIENT_ROWS,
  own: [JSON_OPTION],
  notes: CLIENT_NOTES,
  run: async () => {
    throw new CommandError(EXIT.usage, { what: 'no', why: 'no', how: 'no' })
  },
}
