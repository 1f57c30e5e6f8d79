/** `POST /command`: one line in varnishadm's words, answered with a status of Varnish's CLI and a text. */
import { nearest } from '../../vcl-ts/nearest.ts'
import { ConfigError } from '../config/config-error.ts'
import { PolicyLoadError } from '../policy/load-error.ts'
import { parseCommandLine } from './command-line.ts'
import { COMMANDS, type Command, VARNISH_ONLY } from './commands.ts'
import type { AdminParts } from './parts.ts'
import { problemOf } from './problem.ts'

/** Of Varnish's `enum VCLI_status_e`. */
export const CLI = { syntax: 100, unknown: 101, unimplemented: 102, tooFew: 104, tooMany: 105, param: 106, ok: 200, cannot: 300 } as const

export interface CommandResult {
  readonly status: number
  readonly text: string
}

export async function runCommand(parts: AdminParts, line: string): Promise<CommandResult> {
  parts.journal.raw('CLI', `Rd ${line.trimEnd()}`)
  const result = await answerTo(parts, line)
  parts.journal.raw('CLI', `Wr ${result.status} ${result.text.length} ${result.text}`)
  return result
}

async function answerTo(parts: AdminParts, line: string): Promise<CommandResult> {
  const text = line.replace(/\r?\n$/, '')
  if (/[\r\n]/.test(text)) return { status: CLI.syntax, text: 'Syntax error: one command is one line.' }
  const parsed = parseCommandLine(text)
  if (typeof parsed === 'string') return { status: CLI.syntax, text: `Syntax error: ${parsed}.` }
  const [name, ...args] = parsed.words
  if (name === undefined) return { status: CLI.syntax, text: 'Syntax error: the line is empty. Type help for help.' }
  const command = find(name)
  if (command === null) return unknown(name)
  if (args.length < command.min) return { status: CLI.tooFew, text: `Too few parameters.\n${command.syntax}` }
  if (args.length > command.max) return { status: CLI.tooMany, text: `Too many parameters.\n${command.syntax}` }
  try {
    return { status: CLI.ok, text: await command.run(parts, args, parsed.rest) }
  } catch (error) {
    return failed(error, command, parts)
  }
}

function find(name: string): Command | null {
  return COMMANDS.find((command) => command.name === name || command.alias === name) ?? null
}

function unknown(name: string): CommandResult {
  const why = VARNISH_ONLY.get(name)
  if (why !== undefined) return { status: CLI.unimplemented, text: `${name}: ${why}.` }
  const names = COMMANDS.flatMap((command) => (command.alias === null ? [command.name] : [command.name, command.alias]))
  const close = nearest(name, names)
  return { status: CLI.unknown, text: `Unknown request.\n${close === null ? '' : `Did you mean ${close}? `}Type help for help.` }
}

function failed(error: unknown, command: Command, parts: AdminParts): CommandResult {
  const problem = problemOf(error)
  if (problem === null) {
    parts.log.error({ err: error, command: command.name }, 'an admin command failed')
    return { status: CLI.cannot, text: 'The command failed; the event log has the error.' }
  }
  const status = problem.status === 400 || problem.status === 404 ? CLI.param : CLI.cannot
  return {
    status,
    text:
      error instanceof ConfigError || error instanceof PolicyLoadError
        ? `${error.what}\n  why: ${error.why}\n  fix: ${error.how}`
        : `${problem.message}\n  fix: ${problem.how}`,
  }
}
