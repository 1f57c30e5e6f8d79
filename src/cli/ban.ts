/** `clearcoat ban [EXPR]`: bans objects by what they hold, or lists the bans. */
import { AdminClient, CLIENT_ROWS } from './admin-client.ts'
import { type CommandRow, type Given, JSON_OPTION } from './command.ts'
import { EXIT, type ExitCode } from './complaint.ts'
import { CLIENT_NOTES } from './help.ts'
import { shown } from './table.ts'
import { nodeLines, othersOf, shortfall, type Told, WAIT_OPTIONS, waitOf } from './waiting.ts'

interface Banned {
  readonly banned: number
  readonly complete: boolean
  readonly fleet?: Told
}

export const BAN: CommandRow = {
  name: 'ban',
  summary: 'invalidate what an expression matches; without one, list the bans',
  description:
    'Invalidates every stored object that the expression, in Varnish’s grammar, matches. Without an expression it lists the bans.',
  examples: [
    [`clearcoat ban 'req.url ~ ^/shop/'`, ''],
    [`clearcoat ban 'obj.http.content-type ~ ^image/ && obj.age > 1d'`, 'quoted: the shell has its own &&'],
    [`clearcoat ban 'req.url ~ ^/shop/' --wait`, 'until every node of the fleet has applied it'],
    ['clearcoat ban', 'the list'],
  ],
  operands: [{ placeholder: 'EXPR...', prose: 'FIELD OPERATOR VALUE, more behind &&' }],
  rows: CLIENT_ROWS,
  own: [...WAIT_OPTIONS, JSON_OPTION],
  notes: CLIENT_NOTES,
  run: async (given) => {
    const client = await AdminClient.of(given)
    return given.operands.length === 0 ? list(client, given) : ban(client, given)
  },
}

async function ban(client: AdminClient, given: Given): Promise<ExitCode> {
  const { operands, has, around } = given
  const waiting = waitOf(given)
  const waits = 'wait' in waiting
  const answer = await client.post<Banned>('/api/ban', { expression: operands.join(' '), ...waiting })
  const { fleet } = answer
  if (has('json')) around.stdout(`${JSON.stringify(answer)}\n`)
  else {
    const objects = `${answer.banned} object${answer.banned === 1 ? '' : 's'}`
    const rest = answer.complete ? '' : ' so far; the rest is tested in the background, or when it is asked for'
    around.stdout(`Banned ${objects}${rest}${othersOf(fleet, waits)}.\n${fleet === undefined ? '' : nodeLines(fleet)}`)
  }
  const failure = waits ? shortfall([fleet]) : null
  if (failure !== null) throw failure
  return EXIT.ok
}

async function list(client: AdminClient, { has, around }: Given): Promise<ExitCode> {
  if (has('json')) around.stdout(`${JSON.stringify(await client.get('/api/bans'))}\n`)
  else {
    const { text } = await client.command('ban.list')
    around.stdout(
      text
        .split('\n')
        .map((line) => `${shown(line)}\n`)
        .join('')
        .replace(/\n+$/, '\n'),
    )
  }
  return EXIT.ok
}
