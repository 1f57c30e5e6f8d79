/** `clearcoat log`: what the running server does, transaction by transaction, in varnishlog's form. */
import type { LogLine } from '../admin/log-stream.ts'
import { GROUPINGS, type GroupingName } from '../vsl/grouping.ts'
import { groupText } from '../vsl/log-text.ts'
import { parseQuery } from '../vsl/query.ts'
import { QueryError } from '../vsl/query-words.ts'
import { type Tag, tagsOf } from '../vsl/tags.ts'
import { AdminClient, CLIENT_ROWS } from './admin-client.ts'
import { type CommandRow, type Given, JSON_OPTION } from './command.ts'
import { CommandError, EXIT } from './complaint.ts'
import { CLIENT_NOTES } from './help.ts'

export const LOG: CommandRow = {
  name: 'log',
  summary: 'what the server does, transaction by transaction, as varnishlog shows it',
  description:
    'Prints what the running server does from now on: sessions, requests and fetches, each with its records in Varnish’s words, until it is interrupted.',
  examples: [
    ['clearcoat log', 'each transaction when it has ended'],
    ['clearcoat log -g request', 'each request with its fetches, restarts and fragments'],
    [`clearcoat log -g request -q 'RespStatus >= 500'`, 'those that were answered so, whole'],
    [`clearcoat log -q 'Timestamp:Resp[2] > 1'`, 'what took longer than a second'],
    [`clearcoat log -g request -q 'ReqURL ~ "^/cart" and not Hit'`, 'and, or, not, ( )'],
    ['clearcoat log -i ReqURL,Resp*', 'only these records'],
    ['clearcoat log -k 1 --json', 'one, as JSON'],
  ],
  rows: CLIENT_ROWS,
  own: [
    { flag: 'query', short: 'q', placeholder: 'QUERY', prose: 'groups in which it holds for a record; see below' },
    { flag: 'group', short: 'g', placeholder: 'HOW', prose: `${GROUPINGS.join(', ')}: what is printed together (default: vxid)` },
    { flag: 'include', short: 'i', placeholder: 'TAGS', prose: 'only these records', repeatable: true },
    { flag: 'exclude', short: 'x', placeholder: 'TAGS', prose: 'without these records', repeatable: true },
    { flag: 'count', short: 'k', placeholder: 'N', prose: 'ends after so many groups' },
    JSON_OPTION,
  ],
  notes: `Queries: {LEVEL}TAGS:PREFIX[FIELD] OPERATOR OPERAND, of which only TAGS is needed. TAGS are separated by commas, * at either end
is anything. == != < <= > >= compare numbers, eq ne texts, ~ !~ search for a pattern; vxid == N asks for one transaction.
A query holds for a whole group. Values of cookies and credentials are not shown. The tags are in src/admin/README.md.
${CLIENT_NOTES}`,
  run: async (given) => {
    const query = given.texts('query').at(-1)
    const fault = query === undefined ? null : faultOf(query)
    if (fault !== null) {
      given.around.stderr(
        `clearcoat: the query cannot be understood\n  why: ${fault.shown.replaceAll('\n', '\n     ')}\n  fix: see clearcoat log --help\n`,
      )
      return EXIT.usage
    }
    const group = groupingOf(given.texts('group').at(-1))
    const shows = filterOf(given)
    let left = countOf(given.texts('count').at(-1))
    const client = await AdminClient.of(given)
    await client.lines<LogLine>('/log', { query, group }, async (line) => {
      print(line, shows, given)
      await given.around.drained?.()
      return line.transactions === undefined || --left > 0
    })
    return EXIT.ok
  },
}

function print({ transactions, lost, incomplete }: LogLine, shows: (tag: Tag) => boolean, { has, around }: Given): void {
  if (lost !== undefined) around.stderr(`${lost} records lost: they came faster than they were read\n`)
  if (transactions === undefined) return
  if (!has('json')) {
    around.stdout(groupText(transactions, shows))
    return
  }
  const shown = transactions.map((each) => ({ ...each, records: each.records.filter(([tag]) => shows(tag)) }))
  around.stdout(`${JSON.stringify({ transactions: shown, ...(incomplete === undefined ? {} : { incomplete }) })}\n`)
}

function faultOf(query: string): QueryError | null {
  try {
    parseQuery(query)
    return null
  } catch (error) {
    if (error instanceof QueryError) return error
    throw error
  }
}

function groupingOf(text: string | undefined): GroupingName | undefined {
  const group = GROUPINGS.find((each) => each === text)
  if (text === undefined || group !== undefined) return group
  throw usage(`--group ${JSON.stringify(text)} cannot be used`, 'there is no such grouping', `give ${GROUPINGS.join(', ')}`)
}

function filterOf({ texts }: Given): (tag: Tag) => boolean {
  const [included, excluded] = [tagsIn(texts('include')), tagsIn(texts('exclude'))]
  return (tag) => (included.size === 0 || included.has(tag)) && !excluded.has(tag)
}

function tagsIn(lists: readonly string[]): ReadonlySet<Tag> {
  const all = new Set<Tag>()
  for (const list of lists) {
    const tags = tagsOf(list)
    if ('unknown' in tags)
      throw usage(
        `the tags ${JSON.stringify(list)} cannot be used`,
        `none is called ${JSON.stringify(tags.unknown)}`,
        'src/admin/README.md lists them',
      )
    for (const tag of tags) all.add(tag)
  }
  return all
}

function countOf(text: string | undefined): number {
  if (text === undefined) return Number.POSITIVE_INFINITY
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text)
  throw usage(`--count ${JSON.stringify(text)} cannot be used`, 'it is no whole number from 1', 'give one, or leave it out')
}

function usage(what: string, why: string, how: string): CommandError {
  return new CommandError(EXIT.usage, { what, why, how })
}
