/** `clearcoat nodes`: who shares the Redis. */
import { AdminClient, CLIENT_ROWS } from './admin-client.ts'
import { type CommandRow, JSON_OPTION } from './command.ts'
import { EXIT } from './complaint.ts'
import { CLIENT_NOTES } from './help.ts'
import { columns } from './table.ts'

/** As `GET /nodes` has it; times in milliseconds. */
interface Nodes {
  readonly state: 'following' | 'catching-up' | 'cut-off'
  readonly heard: number | null
  readonly queued: number
  readonly nodes: readonly {
    readonly id: string
    readonly name: string
    readonly self: boolean
    readonly position: string
    readonly behind: number
    readonly heard: number
  }[]
}

export const NODES: CommandRow = {
  name: 'nodes',
  summary: 'the nodes that share a Redis, and how far each is',
  description: 'Lists the nodes that share a Redis: how far each has followed the log of purges and bans. * is the one that was asked.',
  examples: [
    ['clearcoat nodes', 'a line each'],
    ['clearcoat nodes --json', 'for programs'],
    ['clearcoat nodes --admin 127.0.0.1:6083', 'as another node sees it'],
  ],
  rows: CLIENT_ROWS,
  own: [JSON_OPTION],
  notes: CLIENT_NOTES,
  run: async (given) => {
    const { around, has } = given
    const answer = await (await AdminClient.of(given)).get<Nodes>('/nodes')
    if (has('json')) around.stdout(`${JSON.stringify(answer)}\n`)
    else {
      const rows = answer.nodes.map(({ name, id, self, position, behind, heard }) => {
        return [self ? `${name} *` : name, position, String(behind), ago(heard), id]
      })
      if (rows.length > 0) around.stdout(columns(['NODE', ' POSITION', ' BEHIND', ' HEARD', 'ID'], rows))
      around.stdout(standing(answer))
    }
    return EXIT.ok
  },
}

/** Nothing where all is well. */
function standing({ state, heard, queued }: Nodes): string {
  const waiting = queued === 0 ? '' : ` ${queued} of its purges and bans ${queued === 1 ? 'waits' : 'wait'} to be told.`
  switch (state) {
    case 'following':
      return ''
    case 'catching-up':
      return `The node that was asked (*) is catching up.${waiting}\n`
    case 'cut-off':
      return `The node that was asked (*) cannot reach Redis${heard === null ? '' : `, last ${ago(heard)} ago`}; this is what it knew.${waiting}\n`
    default:
      return state satisfies never
  }
}

function ago(ms: number): string {
  return ms < 60_000 ? `${(ms / 1000).toFixed(1)}s` : `${Math.round(ms / 60_000)}m`
}
