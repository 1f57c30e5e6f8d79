/** The command line as a whole: commands from their rows, help, and the exit code of a run. */
import { Command, CommanderError, Help, Option } from 'commander'
import { nearest } from '../../vcl-ts/nearest.ts'
import { packageVersion } from '../admin/version.ts'
import type { OptionRow } from '../config/options.ts'
import type { CommandRow, Given, OwnOption } from './command.ts'
import { COMMANDS } from './commands.ts'
import { EXIT, type ExitCode, endingOf, told } from './complaint.ts'
import { exampleLines } from './help.ts'
import { processSurroundings, type Surroundings } from './surroundings.ts'

/** Runs one command line, without the program's name. Resolves with the exit code; never rejects. */
export async function run(argv: readonly string[], around: Surroundings = processSurroundings()): Promise<ExitCode> {
  let code: ExitCode = EXIT.ok
  const program = build(around, async (row, given) => {
    code = await row.run(given)
  })
  const [first, ...rest] = argv
  try {
    await program.parseAsync(first === 'help' ? [...rest.slice(0, 1), '--help'] : argv, { from: 'user' })
    return code
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage
    const ending = endingOf(error)
    around.stderr(ending.text)
    return ending.code
  }
}

type Action = (row: CommandRow, given: Given) => Promise<void>

function build(around: Surroundings, action: Action): Command {
  const program = new Command('clearcoat').exitOverride()
  program.configureOutput({ writeOut: around.stdout, writeErr: around.stderr })
  program.description('A caching HTTP accelerator.').helpOption(false).helpCommand(false).version(packageVersion(), '--version')
  for (const [index, row] of COMMANDS.entries()) addCommand(program, row, index === 0, around, action)
  return program
}

/** Not an origin, so it was meant as a command. */
const LONE_WORD = /^(?!localhost$)[a-z][a-z-]*$/i

/** What commander hands back of an option: the texts given, or that it was. */
type Parsed = Readonly<Record<string, readonly string[] | true | undefined>>

function addCommand(program: Command, row: CommandRow, isDefault: boolean, around: Surroundings, action: Action): void {
  const command = program.command(row.name, { isDefault }).helpOption('-h, --help', 'show this').description(row.description)
  const positional = (row.rows ?? []).filter((option) => option.positional === true)
  const operands = row.operands ?? positional.map((option) => ({ placeholder: option.placeholder, prose: describe(option) }))
  for (const { placeholder, prose } of operands) command.argument(`[${placeholder}]`, prose)
  const own = (row.own ?? []).map((option) => ({ option, name: addFlag(command, ownFlags(option), ownProse(option), null) }))
  const rows = (row.rows ?? []).map((option) => ({
    option,
    name: addFlag(command, flagsOf(option.flag, option.placeholder), describe(option), option.group),
  }))
  command.usage([...operands.map(({ placeholder }) => `[${placeholder}]`), '[options]'].join(' '))
  const help = isDefault ? 'clearcoat --help' : `clearcoat ${row.name} --help`
  command.configureOutput({ outputError: (text, write) => write(complaintOf(text, help)) })
  command.addHelpText('beforeAll', exampleLines(row.examples))
  command.configureHelp({ formatHelp: (cmd, helper) => withCommands(isDefault, Help.prototype.formatHelp.call(helper, cmd, helper)) })
  if (row.notes !== undefined) command.addHelpText('after', `\n${row.notes}\n`)
  command.action(async (...handed: unknown[]) => {
    const given = handed
      .slice(0, operands.length)
      .flat()
      .filter((operand): operand is string => typeof operand === 'string')
    const parsed = command.opts<Parsed>()
    if (isDefault) refuseWord(command, given[0])
    const texts: Record<string, readonly string[]> = {}
    for (const { option, name } of rows) if (parsed[name] !== undefined) texts[option.flag] = parsed[name] === true ? ['on'] : parsed[name]
    for (const [index, option] of positional.entries()) {
      const operand = given[index]
      if (operand !== undefined) texts[option.flag] = [operand, ...(texts[option.flag] ?? [])]
    }
    const ownOf = new Map(own.map(({ option, name }) => [option.flag, parsed[name]]))
    await action(row, {
      operands: given,
      texts: (flag) => (ownOf.get(flag) === true ? [] : ((ownOf.get(flag) ?? []) as readonly string[])),
      has: (flag) => ownOf.get(flag) !== undefined,
      options: { flags: texts, env: around.env },
      around,
    })
  })
}

function addFlag(command: Command, flags: string, prose: string, group: string | null): string {
  const option = new Option(flags, prose)
  if (group !== null) option.helpGroup(`${group}:`)
  if (option.required) option.argParser((text: string, before: readonly string[] | undefined) => [...(before ?? []), text])
  command.addOption(option)
  return option.attributeName()
}

function flagsOf(flag: string, placeholder: string): string {
  return `--${flag}${placeholder === '' ? '' : ` <${placeholder}>`}`
}

function ownFlags({ flag, short, placeholder = '' }: OwnOption): string {
  return `${short === undefined ? '' : `-${short}, `}${flagsOf(flag, placeholder)}`
}

function ownProse({ prose, repeatable }: OwnOption): string {
  return `${prose}${repeatable === true ? ', repeatable' : ''}`
}

function describe(row: OptionRow<unknown>): string {
  const fallback = row.defaultText ?? row.kind.show(row.default)
  return `${row.prose}${row.repeatable ? ', repeatable' : ''} (default: ${fallback})`
}

/** The help of the default command is the program's too, so that it lists the commands. */
function withCommands(isDefault: boolean, help: string): string {
  if (!isDefault) return help
  const width = Math.max(...COMMANDS.map(({ name }) => name.length))
  const list = COMMANDS.map(({ name, summary }) => `  ${name.padEnd(width)}  ${summary}`).join('\n')
  return help.replace(/\n\n(?=Arguments:)/, `\n\nCommands (clearcoat COMMAND --help):\n${list}\n\n`)
}

function refuseWord(command: Command, word: string | undefined): void {
  if (word === undefined || !LONE_WORD.test(word)) return
  const meant = nearest(
    word,
    COMMANDS.map(({ name }) => name),
  )
  const guess = meant === null ? '' : `\n(Did you mean ${meant}?)`
  command.error(`error: unknown command '${word}'${guess}`, { exitCode: EXIT.usage, code: 'clearcoat.unknownCommand' })
}

/** Commander's `error: unknown option '--x'`, and its guess on a second line, in our form, without the passwords of URLs. */
function complaintOf(text: string, help: string): string {
  const [what = '', guess] = text
    .replace(/^error: /, '')
    .replace(/\/\/[^\s/?#]*@/g, '//***@')
    .trim()
    .split('\n')
  const how = guess === undefined ? `see ${help}` : `${guess.replace(/^\(|\)$/g, '')} See ${help}`
  return told({ what, why: 'the command line cannot be understood', how })
}
