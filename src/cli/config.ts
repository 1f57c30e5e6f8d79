/** `clearcoat config`: the configuration that a start would have. */
import { ALL_OPTIONS, CONFIG_OPTION, DEADLINE_OPTIONS, LIMIT_OPTIONS, OPTIONS, type OptionRow } from '../config/options.ts'
import { type OptionTexts, type Resolved, resolveOption, resolveOptions } from '../config/resolve.ts'
import { checkValues } from './check-values.ts'
import { type CommandRow, JSON_OPTION, tableRow } from './command.ts'
import { EXIT } from './complaint.ts'
import { configFile } from './config-file.ts'
import { OPTION_NOTES } from './help.ts'
import { columns } from './table.ts'

export const CONFIG: CommandRow = {
  name: 'config',
  summary: 'the configuration in effect, and where each value came from',
  description:
    'Prints the configuration that clearcoat serve would have with the same options, variables and file. Secrets are shown as ***.',
  examples: [
    ['clearcoat config', ''],
    ['clearcoat config --origin', 'with where each value came from'],
    ['clearcoat config --json --memory 2G', 'for a program; with an option more'],
  ],
  operands: [{ placeholder: 'ORIGIN', prose: 'as of serve' }],
  rows: [tableRow(CONFIG_OPTION), ...ALL_OPTIONS.filter((row) => row.positional !== true)],
  own: [{ flag: 'origin', prose: 'show where each value came from' }, JSON_OPTION],
  notes: OPTION_NOTES,
  run: async ({ operands, options, has, around }) => {
    const [origin] = operands
    const flags = origin === undefined ? options.flags : { ...options.flags, origin: [origin] }
    const texts: OptionTexts = { flags, env: options.env, file: await configFile(options, around.folder) }
    checkValues(resolveOptions(texts).values)
    const entries = ROWS.map(([key, row]) => ({ key, row, ...resolveOption(row, key, texts) }))
    if (has('json')) around.stdout(`${JSON.stringify(asJson(entries, has('origin')), null, 2)}\n`)
    else {
      const rows = entries.map((entry) => [entry.key, ...(has('origin') ? [entry.origin] : []), textOf(entry)])
      around.stdout(columns(['KEY', ...(has('origin') ? ['ORIGIN'] : []), 'VALUE'], rows))
    }
    return EXIT.ok
  },
}

interface Entry extends Resolved<unknown> {
  /** As in the configuration file: `limits.waiters`. */
  readonly key: string
  readonly row: OptionRow<unknown>
}

const ROWS: readonly (readonly [key: string, row: OptionRow<unknown>])[] = [
  ...keyed('', OPTIONS),
  ...keyed('deadlines.', DEADLINE_OPTIONS),
  ...keyed('limits.', LIMIT_OPTIONS),
]

function keyed(prefix: string, rows: object): (readonly [string, OptionRow<unknown>])[] {
  return Object.entries(rows).map(([key, row]) => [prefix + key, row as OptionRow<unknown>])
}

function textOf({ row, value, origin }: Entry): string {
  if (value !== null && row.secret === true) return '***'
  if (origin === 'default' && row.defaultText !== undefined && (value === null || isEmpty(value))) return row.defaultText
  return withoutPassword(row.kind.show(value))
}

function withoutPassword(text: string): string {
  return text.replace(/\/\/[^\s/?#]*@/g, '//***@')
}

function isEmpty(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Object.keys(value).length === 0
}

function asJson(entries: readonly Entry[], origins: boolean): object {
  const plain = (entry: Entry): unknown => {
    const { row, value, origin } = entry
    const masked = Array.isArray(value) ? value.map((each: unknown) => (typeof each === 'string' ? withoutPassword(each) : each)) : value
    const safe = value !== null && row.secret === true ? '***' : typeof value === 'string' ? textOf(entry) : masked
    return origins ? { value: safe, origin } : safe
  }
  return Object.fromEntries(entries.map((entry) => [entry.key, plain(entry)]))
}
