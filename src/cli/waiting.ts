/** What purge and ban say of the other nodes: that they were told, who has applied it, and who has not. */
import { LONGEST_PATIENCE, PATIENCE } from '../admin/fleet.ts'
import { duration } from '../config/option-kinds.ts'
import type { Given, OwnOption } from './command.ts'
import { CommandError, EXIT } from './complaint.ts'
import { columns } from './table.ts'

/** As the server answers it; `nodes` and `missing` where it was asked to wait. */
export interface Told {
  readonly state: 'told' | 'queued'
  readonly nodes?: readonly { readonly name: string; readonly objects: number | null }[]
  readonly missing?: readonly string[]
}

export const WAIT_OPTIONS: readonly OwnOption[] = [
  { flag: 'wait', prose: 'until every node that shares the Redis has applied it; ends with 1 when one has not' },
  { flag: 'patience', placeholder: 'TIME', prose: `with --wait: no longer than this (default: ${PATIENCE}s)` },
]

const TIME = duration(0.1, LONGEST_PATIENCE)

/** What a request says of waiting: nothing, or `wait`. */
export function waitOf({ has, texts }: Given): { readonly wait?: true | number } {
  const given = texts('patience')
  if (given.length === 0) return has('wait') ? { wait: true } : {}
  const { data, success } = TIME.schema.safeParse(TIME.read(given))
  if (success) return { wait: data }
  throw new CommandError(EXIT.usage, {
    what: `--patience ${JSON.stringify(given.at(-1))} cannot be used`,
    why: 'it is no time to wait',
    how: `give ${TIME.expects}`,
  })
}

/** Goes behind what is said of this node, before its full stop. `waited`: for the other nodes. */
export function othersOf(told: Told | undefined, waited: boolean): string {
  if (told === undefined && waited) return '; this node is alone'
  if (told?.state === 'queued') return '; queued for the other nodes: Redis cannot be reached'
  if (told?.nodes === undefined || told.missing === undefined) return ''
  const all = told.nodes.length + told.missing.length
  if (told.missing.length > 0) return `; ${told.nodes.length} of ${all} nodes have applied it`
  return all === 1 ? '; no other node is there' : `; all ${all} nodes have applied it`
}

/** A line for each node; `''` where nobody was waited for. */
export function nodeLines({ nodes, missing = [] }: Told): string {
  if (nodes === undefined) return ''
  const rows = [
    ...nodes.map(({ name, objects }) => [objects === null ? '?' : String(objects), name]),
    ...missing.map((name) => ['missing', name]),
  ]
  return rows.length === 0 ? '' : columns([' OBJECTS', 'NODE'], rows)
}

/** Why a run that had to wait does not end well; `null`: it does. */
export function shortfall(told: readonly (Told | undefined)[]): CommandError | null {
  const missing = new Set(told.flatMap((each) => each?.missing ?? []))
  const queued = told.some((each) => each?.state === 'queued')
  if (!queued && missing.size === 0) return null
  return new CommandError(EXIT.failure, {
    what: missing.size === 0 ? 'the other nodes have not been told' : `not every node has applied it: ${[...missing].join(', ')}`,
    why: queued
      ? 'Redis cannot be reached from here'
      : missing.size === 1
        ? 'it has not answered in time'
        : 'they have not answered in time',
    how: queued
      ? 'it is told to them as soon as Redis is back; clearcoat nodes shows when'
      : 'a node that is cut off applies it when it is back; clearcoat nodes shows how far each is, --patience waits longer',
  })
}
