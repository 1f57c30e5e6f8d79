/** The command line as a whole: commands and flags from the option table, help, and the exit code of a run. */
import { readFileSync } from 'node:fs'
import { findPackageJSON } from 'node:module'
import { Command, CommanderError, Option } from 'commander'
import { ALL_OPTIONS, type OptionRow } from '../config/options.ts'
import { resolveOptions } from '../config/resolve.ts'
import { EXIT, type ExitCode, endingOf, told } from './complaint.ts'
import { serve } from './serve.ts'

const EXAMPLES = `Examples:
  clearcoat http://localhost:3000           the cache on 127.0.0.1:8080 in front of your server
  clearcoat                                 the same in front of a small demo shop
  clearcoat http://localhost:3000 --policy shop.ts --watch
  clearcoat http://10.0.0.5 --listen :80 --memory 2G --trust 10.0.0.0/8
`

const ENDING = `
Every option can also be given as a variable: --max-object as CLEARCOAT_MAX_OBJECT, ORIGIN as CLEARCOAT_ORIGIN. A flag wins.
Sizes: 512M, 2G. Times: seconds, or 500ms, 30s, 5m.
Exit codes: 0 ended as asked, 1 failure, 2 usage, 69 unavailable (such as a port in use), 78 bad configuration.
`

/** What surrounds a run. */
export interface Surroundings {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly stdout: (text: string) => void
  readonly stderr: (text: string) => void
}

const PROCESS: Surroundings = {
  env: process.env,
  stdout: (text) => process.stdout.write(text),
  stderr: (text) => process.stderr.write(text),
}

/** Runs one command line, without the program's name. Resolves with the exit code; never rejects. */
export async function run(argv: readonly string[], around: Surroundings = PROCESS): Promise<ExitCode> {
  let code: ExitCode = EXIT.ok
  const program = build(around, async (flags) => {
    code = await serve(resolveOptions({ flags, env: around.env }), version())
  })
  try {
    await program.parseAsync(argv, { from: 'user' })
    return code
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage
    const ending = endingOf(error)
    around.stderr(ending.text)
    return ending.code
  }
}

/** Not an origin, so it was meant as a command. */
const LONE_WORD = /^(?!localhost$)[a-z][a-z-]*$/i

type Flags = Record<string, readonly string[]>

function build(around: Surroundings, action: (flags: Flags) => Promise<void>): Command {
  const program = new Command('clearcoat').exitOverride()
  program.configureOutput({ writeOut: around.stdout, writeErr: around.stderr, outputError: (text, write) => write(complaintOf(text)) })
  program.description('A caching HTTP accelerator.').helpOption(false).helpCommand(false).version(version())
  const command = program.command('serve', { isDefault: true }).helpOption('-h, --help', 'show this')
  command.usage('[ORIGIN] [options]').description('Keeps what a web server answers and serves it again.')
  command.addHelpText('beforeAll', EXAMPLES).addHelpText('after', ENDING)
  const options: { readonly row: OptionRow<unknown>; readonly name: string }[] = []
  for (const row of ALL_OPTIONS) {
    if (row.positional) {
      command.argument(`[${row.placeholder}]`, describe(row))
      continue
    }
    const value = row.placeholder === '' ? '' : ` <${row.placeholder}>`
    const option = new Option(`--${row.flag}${value}`, describe(row)).helpGroup(`${row.group}:`)
    if (value !== '') option.argParser((text: string, before: readonly string[] | undefined) => [...(before ?? []), text])
    command.addOption(option)
    options.push({ row, name: option.attributeName() })
  }
  command.action(async (origin: string | undefined) => {
    const given = command.opts<Record<string, readonly string[] | true | undefined>>()
    const flags: Flags = origin === undefined ? {} : { origin: [origin] }
    if (origin !== undefined && LONE_WORD.test(origin))
      command.error(`error: unknown command '${origin}'`, { exitCode: EXIT.usage, code: 'clearcoat.unknownCommand' })
    for (const { row, name } of options) {
      const texts = given[name]
      if (texts !== undefined) flags[row.flag] = texts === true ? ['on'] : texts
    }
    await action(flags)
  })
  return program
}

function describe(row: OptionRow<unknown>): string {
  const fallback = row.defaultText ?? row.kind.show(row.default)
  return `${row.prose}${row.repeatable ? ', repeatable' : ''} (default: ${fallback})`
}

/** Commander's `error: unknown option '--x'`, and its guess on a second line, in our form, without the passwords of URLs. */
function complaintOf(text: string): string {
  const [what = '', guess] = text
    .replace(/^error: /, '')
    .replace(/\/\/[^\s/?#]*@/g, '//***@')
    .trim()
    .split('\n')
  const how = guess === undefined ? 'see clearcoat --help' : `${guess.replace(/^\(|\)$/g, '')} See clearcoat --help`
  return told({ what, why: 'the command line cannot be understood', how })
}

function version(): string {
  const file = findPackageJSON('..', import.meta.url)
  return file === undefined ? '' : String((JSON.parse(readFileSync(file, 'utf8')) as { version: unknown }).version)
}
