/** `clearcoat purge`: drops what is stored, or makes it stale. */
import { AdminClient, CLIENT_ROWS } from './admin-client.ts'
import { type CommandRow, type Given, JSON_OPTION } from './command.ts'
import { CommandError, EXIT } from './complaint.ts'
import { CLIENT_NOTES } from './help.ts'
import { nodeLines, othersOf, shortfall, type Told, WAIT_OPTIONS, waitOf } from './waiting.ts'

interface Purged {
  readonly purged?: number
  readonly softPurged?: number
  readonly dryRun?: boolean
  readonly refreshed?: number
  readonly refreshSkipped?: number
  readonly fleet?: Told
}

type Subject = Readonly<Record<string, unknown>>

export const PURGE: CommandRow = {
  name: 'purge',
  summary: 'drop stored objects by URL, tag, prefix or host, or all',
  description: 'Drops stored objects, or with --soft makes them stale, and prints how many.',
  examples: [
    ['clearcoat purge http://www.example.com/shop/1', 'one page, all its variants'],
    ['clearcoat purge --tag product-7 --tag prices', 'what carries any of these tags'],
    ['clearcoat purge --prefix /blog/ --host www.example.com', ''],
    ['clearcoat purge --host shop.example.com --soft', 'served stale while it is fetched anew'],
    ['clearcoat purge --tag prices --wait', 'until every node of the fleet has applied it'],
    ['clearcoat purge --all --dry-run', 'how many it would be'],
  ],
  operands: [{ placeholder: 'URL...', prose: 'http://host/path, or the path alone with --host' }],
  rows: CLIENT_ROWS,
  own: [
    { flag: 'tag', placeholder: 'TAG', repeatable: true, prose: 'objects with this tag' },
    { flag: 'prefix', placeholder: 'URL', prose: 'objects whose URL begins so: http://host/path, or a path with --host' },
    { flag: 'host', placeholder: 'HOST', prose: 'objects of this host' },
    { flag: 'all', prose: 'every object; asks first' },
    { flag: 'soft', prose: 'make them stale, so that they may be served while they are fetched anew' },
    { flag: 'dry-run', prose: 'only count' },
    { flag: 'refresh', prose: 'then fetch anew what went' },
    ...WAIT_OPTIONS,
    { flag: 'yes', prose: 'do not ask; needed for --all where no terminal is' },
    JSON_OPTION,
  ],
  notes: CLIENT_NOTES,
  run: async (given) => {
    const subjects = subjectsOf(given)
    const waiting = waitOf(given)
    const waits = 'wait' in waiting
    if (waits && given.has('dry-run')) throw usage('--wait and --dry-run are given together', 'leave one of them out')
    const client = await AdminClient.of(given)
    await confirm(given)
    const how = { soft: given.has('soft'), dryRun: given.has('dry-run'), refresh: given.has('refresh') }
    const told: (Told | undefined)[] = []
    for (const subject of subjects) {
      const answer = await client.post<Purged>('/api/purge', { ...subject, ...how, ...waiting })
      told.push(answer.fleet)
      const lines = answer.fleet === undefined ? '' : nodeLines(answer.fleet)
      given.around.stdout(given.has('json') ? `${JSON.stringify(answer)}\n` : `${sentence(answer, how, waits)}\n${lines}`)
    }
    const failure = waits ? shortfall(told) : null
    if (failure !== null) throw failure
    return EXIT.ok
  },
}

/** One for each URL, or the one that the options name. */
function subjectsOf({ operands, texts, has }: Given): readonly Subject[] {
  const [host] = texts('host').slice(-1)
  const [prefix] = texts('prefix').slice(-1)
  const tags = texts('tag')
  const kinds = [
    operands.length > 0 ? 'URL' : '',
    tags.length > 0 ? '--tag' : '',
    prefix === undefined ? '' : '--prefix',
    has('all') ? '--all' : '',
  ].filter((kind) => kind !== '')
  const hostAlone = kinds.length === 0 && host !== undefined
  if (kinds.length !== 1 && !hostAlone)
    throw usage(
      kinds.length === 0 ? 'nothing to purge is named' : `${kinds.join(' and ')} are given together`,
      'give URL, --tag, --prefix, --host or --all',
    )
  if (host !== undefined && (tags.length > 0 || has('all')))
    throw usage(`--host and ${kinds[0]} are given together`, 'a host goes with a path or --prefix, or stands alone')
  const at = host === undefined ? {} : { host }
  if (operands.length > 0) return operands.map((url) => placed('url', url, at))
  if (tags.length > 0) return [{ tags }]
  if (prefix !== undefined) return [placed('prefix', prefix, at)]
  return [has('all') ? { all: true } : at]
}

function placed(key: 'url' | 'prefix', text: string, at: Subject): Subject {
  if (/^https?:\/\//i.test(text)) return { [key]: text }
  if (text.startsWith('/') && 'host' in at) return { [key]: text, ...at }
  throw usage(`the ${key === 'url' ? 'URL' : key} ${JSON.stringify(text)} names no host`, 'write http://host/path, or give --host')
}

function usage(what: string, how: string): CommandError {
  return new CommandError(EXIT.usage, { what, why: 'the command line cannot be understood', how })
}

/** A person says yes to `--all`. */
async function confirm({ has, around }: Given): Promise<void> {
  if (!has('all') || has('yes') || has('dry-run')) return
  if (around.ask === null)
    throw new CommandError(EXIT.usage, {
      what: 'purge --all has not been confirmed',
      why: 'there is no terminal to ask at',
      how: 'add --yes, or --dry-run to see how many it would be',
    })
  const answer = await around.ask('Every stored object goes, and the origin gets all requests. Type yes to go on: ')
  if (answer.trim().toLowerCase() === 'yes') return
  throw new CommandError(EXIT.failure, { what: 'nothing was purged', why: 'the answer was not yes', how: 'run it again and type yes' })
}

function sentence(
  { purged = 0, softPurged = 0, refreshed, refreshSkipped = 0, fleet }: Purged,
  how: { soft: boolean; dryRun: boolean; refresh: boolean },
  waits: boolean,
): string {
  const count = how.soft ? softPurged : purged
  const objects = `${count} object${count === 1 ? '' : 's'}`
  const did = how.dryRun
    ? `Would ${how.soft ? 'make stale' : 'purge'} ${objects}; nothing was changed.`
    : how.soft
      ? `Made ${objects} stale${othersOf(fleet, waits)}.`
      : `Purged ${objects}${othersOf(fleet, waits)}.`
  const anew = how.refresh && !how.dryRun && refreshed !== undefined ? ` Fetched ${refreshed} anew.` : ''
  return `${did}${anew}${anew === '' || refreshSkipped === 0 ? '' : ` ${refreshSkipped} wait for their next request.`}`
}
