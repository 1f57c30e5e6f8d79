/** `clearcoat explain URL`: asks the running server why a request would be answered as it would. */
import type { ExplainRequest, Explanation } from '../admin/explanation.ts'
import { AdminClient, CLIENT_ROWS } from './admin-client.ts'
import { type CommandRow, type Given, JSON_OPTION } from './command.ts'
import { CommandError, EXIT } from './complaint.ts'
import { explanationText } from './explanation-text.ts'
import { CLIENT_NOTES } from './help.ts'

export const EXPLAIN: CommandRow = {
  name: 'explain',
  summary: 'why is this not a hit?',
  description:
    'Runs a request through the policy in use without answering it: what is decided where, what is stored, what would make it a hit.',
  examples: [
    ['clearcoat explain http://www.example.com/shop/1', ''],
    [`clearcoat explain http://www.example.com/ -H 'Cookie: session=1'`, 'as somebody who is logged in'],
    ['clearcoat explain http://www.example.com/ --fetch', 'asks the origin too; nothing is stored'],
    ['clearcoat explain http://www.example.com/ --json', 'for a program'],
  ],
  operands: [{ placeholder: 'URL', prose: 'http://host/path, or a path with -H "Host: …"' }],
  rows: CLIENT_ROWS,
  own: [
    { flag: 'header', short: 'H', placeholder: 'NAME: VALUE', repeatable: true, prose: 'a field of the request' },
    { flag: 'method', placeholder: 'METHOD', prose: 'default: GET' },
    { flag: 'ip', placeholder: 'ADDR', prose: 'the client’s address (default: 192.0.2.1, which nobody has)' },
    { flag: 'fetch', prose: 'ask the origin where a real request would' },
    JSON_OPTION,
  ],
  notes: `Nothing is stored, counted or logged, and the origin hears nothing without --fetch. The policy’s hooks do run.\n${CLIENT_NOTES}`,
  run: async (given) => {
    const request = requestOf(given)
    const explanation = await (await AdminClient.of(given)).post<Explanation>('/api/explain', request)
    const { around } = given
    around.stdout(
      given.has('json') ? `${JSON.stringify(explanation)}\n` : explanationText(explanation, { color: around.color, folder: around.folder }),
    )
    return EXIT.ok
  },
}

function requestOf({ operands, texts, has }: Given): ExplainRequest {
  const [url] = operands
  if (url === undefined) throw usage('no URL is given', 'write clearcoat explain http://host/path')
  const [method] = texts('method').slice(-1)
  const [ip] = texts('ip').slice(-1)
  return {
    url,
    headers: texts('header').map(fieldOf),
    fetch: has('fetch'),
    ...(method === undefined ? {} : { method }),
    ...(ip === undefined ? {} : { ip }),
  }
}

function fieldOf(line: string): readonly [string, string] {
  const at = line.indexOf(':')
  if (at <= 0) throw usage(`--header ${JSON.stringify(line)} cannot be used`, `write it as 'Name: value'`)
  return [line.slice(0, at).trim(), line.slice(at + 1).trim()]
}

function usage(what: string, how: string): CommandError {
  return new CommandError(EXIT.usage, { what, why: 'the command line cannot be understood', how })
}
