/** `clearcoat version`: what runs here. */
import { packageVersion } from '../admin/version.ts'
import { type CommandRow, JSON_OPTION } from './command.ts'
import { EXIT } from './complaint.ts'
import { pairLines } from './table.ts'

export const VERSION: CommandRow = {
  name: 'version',
  summary: 'the versions of Clearcoat, Node.js and V8, and the platform',
  description: 'Prints what runs here, for a bug report.',
  examples: [
    ['clearcoat version', ''],
    ['clearcoat version --json', 'for a program'],
  ],
  own: [JSON_OPTION],
  run: async ({ has, around }) => {
    const { node, v8 } = process.versions
    const facts = { clearcoat: packageVersion(), node, v8, platform: `${process.platform} ${process.arch}` }
    around.stdout(has('json') ? `${JSON.stringify(facts)}\n` : pairLines(Object.entries(facts)))
    return EXIT.ok
  },
}
