/** The commands of `POST /command`, in the order of `help`. Layouts are varnishadm's where scripts may read them. */
import { formatParam, type ParamValue } from '../config/params.ts'
import type { BanInfo } from '../invalidation/invalidation.ts'
import { LARGEST_XID } from '../vsl/xids.ts'
import { HEALTHS } from './backends.ts'
import { quoteWord } from './command-line.ts'
import { degraded, type FleetTold, nodes } from './fleet.ts'
import { setParam } from './parameters.ts'
import type { AdminParts } from './parts.ts'
import { knownPolicy } from './policy-name.ts'
import { Problem } from './problem.ts'
import { ban, purge } from './purging.ts'

export interface Command {
  readonly name: string
  /** Varnish's name for it, where ours is another; `null`: none. */
  readonly alias: string | null
  readonly syntax: string
  /** Numbers of words behind the name. */
  readonly min: number
  readonly max: number
  readonly prose: string
  /** Answers the text of status 200. `rest` is what follows the name as it was written. */
  readonly run: (parts: AdminParts, args: readonly string[], rest: string) => string | Promise<string>
}

const QUEUED = ' for the other nodes: Redis cannot be reached'

const BANNER = `-----------------------------
Clearcoat, a caching HTTP accelerator
-----------------------------

Type 'help' for command list.`

const command = (
  syntax: string,
  prose: string,
  [min, max]: readonly [number, number],
  run: Command['run'],
  alias: string | null = null,
): Command => ({
  name: syntax.split(' ', 1)[0] ?? syntax,
  alias,
  syntax,
  min,
  max,
  prose,
  run,
})

export const COMMANDS: readonly Command[] = [
  command(
    'backend.list',
    'The origin servers: name, what an operator said, good probes of the window, health, when that changed last, and the last probes; behind them the directors.',
    [0, 0],
    backendList,
  ),
  command(
    'backend.set_health <name> <healthy|sick|auto>',
    'What is sick is not asked: fetches fail at once, and stale objects are served as for a dead server. auto is as probes find it, healthy without one. The name is compared whole: policy.backend, or a backend of the policy in use.',
    [2, 2],
    setHealth,
  ),
  command(
    'ban <field> <operator> <arg> [&& <field> <oper> <arg> ...]',
    'Bans what the expression matches and was stored before.',
    [1, Number.POSITIVE_INFINITY],
    banCommand,
  ),
  command('ban.list', 'The bans, newest first: time, references, C for completed, expression.', [0, 0], async ({ invalidation }) =>
    banList(await invalidation.bans()),
  ),
  command('banner', 'A greeting.', [0, 0], () => BANNER),
  command(
    'debug.xid [<xid>]',
    'Sets the next transaction id, 1 to 999999999999999, or tells it: a connection, each request, fetch, retry, restart and fragment takes the next one.',
    [0, 1],
    debugXid,
  ),
  command(
    'fleet.list',
    'The nodes that share a Redis: name, position in the log of invalidations, entries behind it, seconds since heard of.',
    [0, 0],
    fleetList,
  ),
  command('help [<command>]', 'The commands, or one of them.', [0, 1], (_parts, [name]) => help(name)),
  command('param.reset <param>', 'Sets a parameter back to its default.', [1, 1], (parts, [name = '']) => {
    setParam(parts, name, null)
    return ''
  }),
  command(
    'param.set <param> <value>',
    'Sets a parameter, for what begins from now on. Durations as 10s, sizes as 32k; plain numbers are seconds and bytes.',
    [2, 2],
    (parts, [name = '', value = '']) => {
      setParam(parts, name, value)
      return ''
    },
  ),
  command(
    'param.show [<param>|changed]',
    'All parameters, those that are not at their default, or one with its bounds and meaning.',
    [0, 1],
    paramShow,
  ),
  command('pid', 'The process.', [0, 0], (parts) => `Master: ${parts.status().pid}\nWorker: ${parts.status().pid}`),
  command('ping [<timestamp>]', 'Answers.', [0, 1], ({ clock }) => `PONG ${Math.floor(clock.wall() / 1000)} 1.0`),
  command(
    'policy.discard <name>',
    'Forgets a policy that is not in use.',
    [1, 1],
    async ({ policies }, [name = '']) => {
      await policies.discard(knownPolicy(policies, name))
      return ''
    },
    'vcl.discard',
  ),
  command('policy.list', 'The policies at hand: state, whether they are initialised, transactions, name.', [0, 0], policyList, 'vcl.list'),
  command(
    'policy.load <name> <file>',
    'Loads a policy from a file of the server’s machine, without using it yet.',
    [2, 2],
    async ({ policies }, [name = '', file = '']) => `Policy ${await policies.load(name, file)} loaded.`,
    'vcl.load',
  ),
  command(
    'policy.use <name>',
    'Uses a policy from the next request on.',
    [1, 1],
    async ({ policies }, [name = '']) => {
      await policies.use(knownPolicy(policies, name))
      return `Policy '${name}' now active`
    },
    'vcl.use',
  ),
  command('purge <url>', 'Drops every variant of http://host/path.', [1, 1], async (parts, [url = '']) =>
    purgedText(await purge(parts, { url })),
  ),
  command(
    'purge.tag <tag> [<tag> ...]',
    'Drops every object that carries any of the tags.',
    [1, Number.POSITIVE_INFINITY],
    async (parts, tags) => purgedText(await purge(parts, { tags: [...tags] })),
  ),
  command('status', 'Whether the server runs; then, a line each, what is amiss.', [0, 0], (parts) =>
    ['Child in state running', ...degraded(parts).map((why) => `Degraded: ${why}`)].join('\n'),
  ),
]

/** Commands of Varnish's that mean nothing here, with the reason. */
export const VARNISH_ONLY: ReadonlyMap<string, string> = new Map([
  ['auth', 'a token takes the place of the challenge: send Authorization: Bearer'],
  ['quit', 'each line is a request of its own'],
  ['start', 'the server runs as long as its process'],
  ['stop', 'end the process with SIGTERM: it finishes what is in flight'],
  ['panic.show', 'there is no child process that could panic'],
  ['panic.clear', 'there is no child process that could panic'],
  ['storage.list', 'there is one store; status and GET /api/status tell its size'],
  ['vcl.inline', 'policies are loaded from files: policy.load NAME FILE'],
  ['vcl.show', 'a policy is its file; policy.list tells which'],
  ['vcl.state', 'a policy that nobody uses ends by itself, and is begun anew by policy.use'],
  ['vcl.label', 'labels are said at the start: --label NAME=FILE'],
  ['vcl.deps', 'a policy holds all that it depends on'],
  ['vcl.symtab', 'the vocabulary is that of clearcoat/vcl-ts'],
])

function help(name: string | undefined): string {
  if (name === undefined) return COMMANDS.map(({ syntax }) => syntax).join('\n')
  const found = COMMANDS.find((each) => each.name === name || each.alias === name)
  if (found === undefined) throw new Problem(400, 'unknown-name', `there is no command ${JSON.stringify(name)}`, 'help lists them')
  return `${found.syntax}\n  ${found.prose}${found.alias === null ? '' : `\n  Also as ${found.alias}.`}`
}

/** Quoted whole, as a shell hands it on, it is one word; quoted word by word, as varnishadm sends it, it is put together again. */
async function banCommand(parts: AdminParts, args: readonly string[], rest: string): Promise<string> {
  const quoted = rest.startsWith('"')
  const { told } = await ban(parts, !quoted ? rest.trim() : args.length === 1 ? (args[0] ?? '') : args.map(quoteWord).join(' '))
  return told?.state === 'queued' ? `Queued${QUEUED}` : ''
}

function purgedText({ purged, fleet }: { readonly purged: number; readonly fleet?: FleetTold }): string {
  return `Purged ${purged}${fleet?.state === 'queued' ? `; queued${QUEUED}` : ''}`
}

async function fleetList(parts: AdminParts): Promise<string> {
  const { nodes: all } = await nodes(parts)
  const rows = all.map(({ name, self, position, behind, heard }) => {
    return [self ? `${name} *` : name, position, String(behind), (heard / 1000).toFixed(1)]
  })
  return columns([['Node', 'Position', 'Behind', 'Heard'], ...rows])
}

/** As varnishd prints it: seconds since the epoch, references, `C` or `-`, two blanks, expression. */
export function banList(bans: readonly BanInfo[]): string {
  const lines = bans.map(({ added, references, state, expression }) => {
    const flag = state === 'completed' ? 'C' : '-'
    return `${(added / 1000).toFixed(6)} ${String(references).padStart(5)} ${flag}  ${expression}`
  })
  return ['Present bans:', ...lines].join('\n')
}

function debugXid({ xids }: AdminParts, [text]: readonly string[]): string {
  if (text !== undefined) {
    const next = Number(text)
    if (!/^\d{1,15}$/.test(text) || next < 1 || next > LARGEST_XID)
      throw new Problem(400, 'bad-value', `${JSON.stringify(text)} is no transaction id`, `give a whole number from 1 to ${LARGEST_XID}`)
    xids.set(next)
  }
  return `XID is ${xids.upcoming} chunk ${xids.block}`
}

function backendList({ backends }: AdminParts): string {
  const rows = backends.list().map(({ name, admin, health, changed, probe, ejected }) => {
    const good = probe === null ? '0/0' : `${probe.good}/${probe.window}`
    const found = probe === null ? [] : [probe.history, probe.last]
    const detail = [...found, ...(ejected > 0 ? ['left out by a director'] : [])].join(' ')
    return [name, admin === 'auto' ? 'probe' : admin, good, health, new Date(changed).toUTCString(), detail]
  })
  const shown = [['Backend name', 'Admin', 'Probe', 'Health', 'Last change', 'Last probes'], ...rows]
  const directors = backends.directors().map(({ name, kind, members, healthy }) => {
    return [name, kind, `${healthy}/${members.length}`, members.join(' ')]
  })
  const told = columns(rows.some(([, , , , , detail]) => detail !== '') ? shown : shown.map((row) => row.slice(0, -1)))
  return directors.length === 0 ? told : `${told}\n\n${columns([['Director', 'Kind', 'Healthy', 'Members'], ...directors])}`
}

function setHealth({ backends, log }: AdminParts, [name = '', word = '']: readonly string[]): string {
  const health = HEALTHS.find((each) => each === word)
  if (health === undefined) throw new Problem(400, 'bad-value', `${JSON.stringify(word)} is no health`, `give ${HEALTHS.join(', ')}`)
  const { name: full } = backends.setHealth(name, health)
  log.info({ event: 'backend', backend: full, health }, 'an operator set the health of a backend')
  return ''
}

function paramShow({ params }: AdminParts, [which]: readonly string[]): string {
  if (which === undefined || which === 'changed') {
    const shown = params.list().filter((each) => which === undefined || each.value !== each.default)
    return columns(shown.map((each) => [each.name, shownValue(each)]))
  }
  const param = params.get(which)
  const { name, unit, min, max, prose } = param
  const fallback = param.value === param.default ? [] : [`        Default is: ${formatParam(unit, param.default)}`]
  const bounds = [`        Minimum is: ${formatParam(unit, min)}`, `        Maximum is: ${formatParam(unit, max)}`]
  return [
    name,
    `        Value is: ${shownValue(param)}`,
    ...fallback,
    ...bounds,
    '',
    ...wrapped(prose, 64).map((line) => `        ${line}`),
  ].join('\n')
}

function shownValue({ unit, value, default: fallback }: ParamValue): string {
  return `${formatParam(unit, value)} [${unit}]${value === fallback ? ' (default)' : ''}`
}

function policyList({ policies }: AdminParts): string {
  const rows = policies.list().map(({ name, state, transactions }) => {
    const shown = state === 'active' ? 'active' : state === 'draining' ? 'discarded' : 'available'
    return [shown, 'auto', state === 'kept' ? 'cold' : 'warm', String(transactions), name]
  })
  return columns(rows)
}

/** Lines of at most so many characters, where the words allow it. */
function wrapped(text: string, width: number): readonly string[] {
  const lines: string[] = []
  for (const word of text.split(' ')) {
    const last = lines.at(-1)
    if (last === undefined || last.length + 1 + word.length > width) lines.push(word)
    else lines[lines.length - 1] = `${last} ${word}`
  }
  return lines
}

/** Columns as wide as their widest cell, and two blanks. */
function columns(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => (row[column] ?? '').length)))
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd((widths[column] ?? 0) + 2))
        .join('')
        .trimEnd(),
    )
    .join('\n')
}
