/** `clearcoat check FILE`: what is wrong with a policy, before it gets traffic. */
import { Console } from 'node:console'
import { resolve } from 'node:path'
import { compilePolicy } from '../../vcl-ts/compile.ts'
import { CONFIG_OPTION, OPTIONS } from '../config/options.ts'
import { resolveOption } from '../config/resolve.ts'
import { bundlePolicy, evaluatePolicy, type PolicyBundle } from '../policy/load.ts'
import { PolicyLoadError } from '../policy/load-error.ts'
import { type CommandRow, type Given, JSON_OPTION, tableRow } from './command.ts'
import { CommandError, EXIT } from './complaint.ts'
import { configFile, shownPath } from './config-file.ts'
import type { Finding } from './lint/finding.ts'
import { inOrder, LINTS, lint } from './lint/lints.ts'
import { shown } from './table.ts'
import { typeCheck } from './type-check.ts'

export const CHECK: CommandRow = {
  name: 'check',
  summary: 'what is wrong with a policy: types, and what hurts',
  description:
    'Loads a policy as a start would, but without its init; checks its types with your tsc, if there is one; and looks for what hurts.',
  examples: [
    ['clearcoat check shop.ts', ''],
    ['clearcoat check shop.ts --json', 'for a program'],
    ['clearcoat check', 'the policy of CLEARCOAT_POLICY or clearcoat.config.ts'],
  ],
  operands: [{ placeholder: 'FILE', prose: 'the policy' }],
  rows: [tableRow(CONFIG_OPTION)],
  own: [JSON_OPTION],
  notes: `It looks for:\n${LINTS.map(({ name, what, why }) => `  ${name.padEnd(16)} ${what}:\n${' '.repeat(19)}${why}`).join('\n')}

The code at the top level of the policy runs. A note is no finding. Exit codes: 0 nothing found, 1 findings, 2 usage, 78 bad configuration.`,
  run: async (given) => {
    const file = await policyOf(given)
    const { findings, notes } = await check(file, given.around.env['PATH'] ?? '')
    const wrong = findings.filter(({ severity }) => severity !== 'note')
    if (given.has('json')) given.around.stdout(`${JSON.stringify({ file, ok: wrong.length === 0, findings, notes })}\n`)
    else given.around.stdout(reportOf(findings, notes, given.around.folder))
    return wrong.length === 0 ? EXIT.ok : EXIT.failure
  },
}

async function policyOf({ operands, options, around }: Given): Promise<string> {
  const [operand] = operands
  const file = operand ?? resolveOption(OPTIONS.policy, 'policy', { ...options, file: await configFile(options, around.folder) }).value
  if (file !== null) return resolve(around.folder, file)
  throw new CommandError(EXIT.usage, {
    what: 'there is no policy to check',
    why: 'no file is given, and none is configured',
    how: 'write clearcoat check FILE',
  })
}

/** `path`: where programs are. */
async function check(file: string, path: string): Promise<{ readonly findings: readonly Finding[]; readonly notes: readonly string[] }> {
  const types = typeCheck(file, path)
  const loaded = await load(file)
  const { findings, note } = await types
  const all = [...loaded.findings, ...(loaded.isFile ? findings : [])].sort(inOrder)
  return { findings: all, notes: loaded.isFile ? [note, ...loaded.notes, 'init was not run'] : [] }
}

interface Loaded {
  readonly findings: readonly Finding[]
  readonly notes: readonly string[]
  /** Whether there is a file at all. */
  readonly isFile: boolean
}

async function load(file: string): Promise<Loaded> {
  let bundle: PolicyBundle | null = null
  try {
    bundle = await bundlePolicy(file)
    evaluateAside(bundle)
    return { ...linted(bundle), isFile: true }
  } catch (error) {
    if (!(error instanceof PolicyLoadError)) throw error
    const { line, column, reason } = error
    const broken: Finding = { rule: 'policy', severity: 'error', file: error.file, line, column, message: reason, how: '' }
    const { findings, notes } = bundle === null ? { findings: [], notes: [] } : linted(bundle)
    return { findings: [broken, ...findings], notes, isFile: line !== null || bundle !== null }
  }
}

/** Node.js may know syntax before the lints' parser does. */
function linted(bundle: PolicyBundle): Omit<Loaded, 'isFile'> {
  try {
    return { findings: lint(bundle), notes: [] }
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
    return { findings: [], notes: [`the lints were not run: ${error.message}`] }
  }
}

/** What the policy's code prints goes to standard error, for standard output is ours. */
function evaluateAside(bundle: PolicyBundle): void {
  const before = globalThis.console
  globalThis.console = new Console(process.stderr)
  try {
    const { policy, refused } = evaluatePolicy(bundle)
    try {
      compilePolicy([policy], 'safe')
    } catch (error) {
      throw refused(error)
    }
  } finally {
    globalThis.console = before
  }
}

function reportOf(findings: readonly Finding[], notes: readonly string[], folder: string): string {
  const lines = findings.flatMap(({ file, line, column, severity, rule, message, how }) => {
    const place = line === null ? '' : `:${line}:${column ?? 1}`
    return [`${shownPath(file, folder)}${place}: ${severity} ${rule}: ${message}`, ...(how === '' ? [] : [`  fix: ${how}`])]
  })
  const count = findings.filter(({ severity }) => severity !== 'note').length
  const sum = count === 0 ? 'Nothing found' : count === 1 ? '1 finding' : `${count} findings`
  const end = [sum, ...notes].join('; ')
  return `${[...lines, `${end}.`].map((text) => text.split('\n').map(shown).join('\n')).join('\n')}\n`
}
