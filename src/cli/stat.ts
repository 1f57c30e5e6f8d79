/** `clearcoat stat`: the counters. */
import { nearest } from '../../vcl-ts/nearest.ts'
import { AdminClient, CLIENT_ROWS } from './admin-client.ts'
import { type CommandRow, JSON_OPTION } from './command.ts'
import { CommandError, EXIT } from './complaint.ts'
import { CLIENT_NOTES } from './help.ts'
import { pairLines } from './table.ts'

export const STAT: CommandRow = {
  name: 'stat',
  summary: 'the counters, a line each',
  description: 'Prints the counters and gauges of the running server, in Varnish’s names.',
  examples: [
    ['clearcoat stat', 'all of them'],
    ['clearcoat stat cache_hit cache_miss', 'these'],
    [`clearcoat stat 'VBE.*'`, 'what matches; * is anything'],
    [`clearcoat stat 'tier_*' 'fleet_*'`, 'the Redis that nodes share'],
    ['clearcoat stat --per-worker', 'and those of each worker: worker.1.cache_hit'],
    ['watch -n1 clearcoat stat cache_hit', 'again and again'],
  ],
  operands: [{ placeholder: 'NAME...', prose: 'names, * for anything' }],
  rows: CLIENT_ROWS,
  own: [
    { flag: 'per-worker', prose: 'each worker’s own, too' },
    { flag: 'once', short: '1', prose: 'as varnishstat -1; what it does anyway' },
    JSON_OPTION,
  ],
  notes: CLIENT_NOTES,
  run: async (given) => {
    const { operands, around, has } = given
    const query = { workers: has('per-worker') ? '1' : undefined }
    const all = Object.entries(await (await AdminClient.of(given)).get<Record<string, number>>('/stat', query))
    for (const name of operands)
      refuseUnknown(
        name,
        all.map(([known]) => known),
      )
    const wanted = operands.length === 0 ? all : all.filter(([name]) => operands.some((glob) => matches(glob, name)))
    if (has('json')) around.stdout(`${JSON.stringify(Object.fromEntries(wanted))}\n`)
    else around.stdout(pairLines(wanted.map(([name, value]) => [name, String(value)])))
    return EXIT.ok
  },
}

function matches(glob: string, name: string): boolean {
  const pattern = glob.split('*').map((part) => part.replace(/[\\^$.|?+()[\]{}]/g, '\\$&'))
  return new RegExp(`^${pattern.join('.*')}$`, 'i').test(name)
}

function refuseUnknown(glob: string, names: readonly string[]): void {
  if (names.some((name) => matches(glob, name))) return
  const meant = nearest(glob, names)
  throw new CommandError(EXIT.failure, {
    what: `there is no counter ${glob}`,
    why: 'the server counts nothing of that name',
    how: meant === null ? 'clearcoat stat lists all' : `did you mean ${meant}? clearcoat stat lists all`,
  })
}
