/** `clearcoat init PRESET [DIR]`: writes what a site begins with. */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { backend } from '../../vcl-ts/backend.ts'
import { nearest } from '../../vcl-ts/nearest.ts'
import type { CommandRow, Given } from './command.ts'
import { CommandError, EXIT } from './complaint.ts'
import { shownPath } from './config-file.ts'
import { initFiles } from './init/files.ts'
import { PRESET_ROWS, type PresetRow } from './init/presets.ts'
import { pairLines } from './table.ts'

const LIST = pairLines(
  PRESET_ROWS.map(({ name, summary }) => [name, summary]),
  '  ',
)

export const INIT: CommandRow = {
  name: 'init',
  summary: 'begin with a policy for WordPress, Magento, Next.js and others',
  description: 'Writes clearcoat.config.ts, policy.ts with what is known of a system, and policy.test.ts, which passes.',
  examples: [
    ['clearcoat init wordpress', 'in this folder'],
    ['clearcoat init nextjs cache --origin http://localhost:3000', 'in the folder cache, before this server'],
    ['clearcoat init --list', 'the systems that are known'],
  ],
  operands: [
    { placeholder: 'PRESET', prose: 'the system behind' },
    { placeholder: 'DIR', prose: 'where to write; made if it is not there (default: this folder)' },
  ],
  own: [
    { flag: 'origin', placeholder: 'ORIGIN', prose: 'the web server behind, as of serve (default: where the system usually is)' },
    { flag: 'force', prose: 'write over files that are there' },
    { flag: 'list', prose: 'list the presets' },
  ],
  notes: `Presets:\n${LIST}\nEach is a function of clearcoat/vcl-ts; its options are in the policy that is written.
Exit codes: 0 written, 1 files are there already or cannot be written, 2 usage.`,
  run: async (given) => {
    const { operands, around, has } = given
    if (has('list')) {
      around.stdout(LIST.replace(/^ {2}/gm, ''))
      return EXIT.ok
    }
    const row = presetOf(operands[0])
    const folder = resolve(around.folder, operands[1] ?? '.')
    const files = initFiles(row, originOf(given, row))
    write(files, folder, given)
    around.stdout(nextSteps(files, folder, around.folder))
    return EXIT.ok
  },
}

function presetOf(name: string | undefined): PresetRow {
  const names = PRESET_ROWS.map((row) => row.name)
  const found = PRESET_ROWS.find((row) => row.name === name)
  if (found !== undefined) return found
  const meant = name === undefined ? null : nearest(name, names)
  throw new CommandError(EXIT.usage, {
    what: name === undefined ? 'no preset is given' : `there is no preset ${JSON.stringify(name)}`,
    why: `the presets are ${names.join(', ')}`,
    how: meant === null ? 'write clearcoat init PRESET; clearcoat init --list says what each is for' : `did you mean ${meant}?`,
  })
}

function originOf({ texts }: Given, row: PresetRow): string {
  const [origin = row.origin] = texts('origin').slice(-1)
  try {
    backend(origin)
  } catch (error) {
    throw new CommandError(EXIT.usage, {
      what: `--origin ${JSON.stringify(origin.replace(/\/\/[^\s/?#]*@/, '//***@'))} cannot be used`,
      why: error instanceof Error ? error.message.replace(/\/\/[^\s/?#]*@/g, '//***@') : String(error),
      how: 'write it as http://host:port',
    })
  }
  return origin
}

/** All or nothing: what is there is looked for before the first one is written. */
function write(files: ReadonlyMap<string, string>, folder: string, { around, has }: Given): void {
  const there = [...files.keys()].filter((name) => existsSync(join(folder, name)))
  if (there.length > 0 && !has('force'))
    throw new CommandError(EXIT.failure, {
      what: `nothing was written to ${shownPath(folder, around.folder)}`,
      why: `${there.join(', ')} ${there.length === 1 ? 'is' : 'are'} there already`,
      how: 'choose another folder, or write over with --force',
    })
  try {
    mkdirSync(folder, { recursive: true })
    for (const [name, text] of files) writeFileSync(join(folder, name), text)
  } catch (error) {
    throw new CommandError(EXIT.failure, {
      what: `the files cannot be written to ${shownPath(folder, around.folder)}`,
      why: error instanceof Error ? error.message : String(error),
      how: 'choose another folder, or make this one writable',
    })
  }
}

function nextSteps(files: ReadonlyMap<string, string>, folder: string, from: string): string {
  const shown = shownPath(folder, from)
  const written = [...files.keys()].map((name) => `  ${shown === from || folder === from ? name : join(shown, name)}`)
  const enter = folder === from ? [] : [`  cd ${/^[\w./-]+$/.test(shown) ? shown : `'${shown.replaceAll("'", String.raw`'\''`)}'`}`]
  const commands = pairLines(
    [
      ['clearcoat test policy.test.ts', 'its tests pass'],
      ['clearcoat check policy.ts', 'types, and what hurts'],
      ['clearcoat', 'starts it'],
    ],
    '  ',
  ).trimEnd()
  return ['Written:', ...written, '', 'Next:', ...enter, commands, ''].join('\n')
}
