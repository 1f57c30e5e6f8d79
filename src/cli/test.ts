/** `clearcoat test FILE...`: runs the tests of a policy. */
import { resolve } from 'node:path'
import { seconds } from '../../vcl-ts/duration.ts'
import type { ConfigComplaint } from '../config/config-error.ts'
import { PolicyLoadError } from '../policy/load-error.ts'
import { type CommandRow, type Given, JSON_OPTION } from './command.ts'
import { CommandError, EXIT, told } from './complaint.ts'
import { shownPath } from './config-file.ts'
import { testReport, testReportJson } from './test-report.ts'
import { type FileResult, type RunOptions, runTests } from './test-run.ts'

export const TEST: CommandRow = {
  name: 'test',
  summary: 'run the tests of a policy',
  description: 'Runs test files, each in a process of its own. Nothing else has to be installed, and there is no server, port or waiting.',
  examples: [
    ['clearcoat test policy.test.ts', ''],
    [`clearcoat test policy.test.ts --name 'cart'`, 'only tests whose name matches a pattern'],
    ['clearcoat test policies/*.test.ts --json', 'for a program'],
  ],
  operands: [{ placeholder: 'FILE...', prose: 'test files, TypeScript or JavaScript' }],
  own: [
    { flag: 'name', placeholder: 'PATTERN', prose: 'run only tests whose name, with those of its suites before it, matches' },
    { flag: 'timeout', placeholder: 'TIME', prose: 'how long a file may take: seconds, or 500ms, 2m (default: 1m)' },
    JSON_OPTION,
  ],
  notes: `A test file:

  import { expect, test, testPolicy } from 'clearcoat/vcl-ts/testing'
  import policy from './policy.ts'

  test('keeps a page', async () => {
    const cache = await testPolicy(policy, { origin: { headers: { 'Cache-Control': 'max-age=60' } } })
    await cache.request('/')
    const { trace } = await cache.request('/')
    expect(trace.decision).toBe('hit')
  })

Types are not checked: that is tsc's. node:test and node:assert do as well.
Exit codes: 0 all passed, 1 one failed, or a file has none or cannot be run, 2 usage.`,
  run: async (given) => {
    const files = await run(filesOf(given), { only: patternOf(given), patience: patienceOf(given) }, given.around.folder)
    const nothing = untested(files, given)
    const ok = nothing === null && files.every(({ tests, broken }) => broken === null && tests.every(({ outcome }) => outcome !== 'failed'))
    const { stdout, stderr, folder, color } = given.around
    stdout(given.has('json') ? testReportJson(files, ok) : testReport(files, { folder, color }))
    if (nothing !== null) stderr(told(nothing))
    return ok ? EXIT.ok : EXIT.failure
  },
}

function filesOf({ operands, around }: Given): readonly string[] {
  if (operands.length > 0) return [...new Set(operands.map((operand) => resolve(around.folder, operand)))]
  throw new CommandError(EXIT.usage, {
    what: 'there is nothing to test',
    why: 'no file is given',
    how: 'write clearcoat test FILE, such as policy.test.ts; clearcoat init writes one',
  })
}

function patternOf({ texts }: Given): RegExp | null {
  const [text] = texts('name').slice(-1)
  if (text === undefined) return null
  try {
    return new RegExp(text)
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    throw new CommandError(EXIT.usage, {
      what: `--name ${JSON.stringify(text)} cannot be used`,
      why,
      how: 'write it as a regular expression',
    })
  }
}

function patienceOf({ texts }: Given): number {
  const [text = '1m'] = texts('timeout').slice(-1)
  const time = /^\d+(?:\.\d+)?(?:ms|s|m|h)?$/.test(text) ? seconds(/\d$/.test(text) ? Number(text) : (text as `${number}s`)) : 0
  if (time > 0) return time * 1000
  throw new CommandError(EXIT.usage, {
    what: `--timeout ${JSON.stringify(text)} cannot be used`,
    why: 'it is no time',
    how: 'write seconds, or text such as 500ms, 2m',
  })
}

async function run(files: readonly string[], options: RunOptions, folder: string): Promise<readonly FileResult[]> {
  try {
    return await runTests(files, options)
  } catch (error) {
    if (!(error instanceof PolicyLoadError)) throw error
    const { file, line, column, reason } = error
    const where = line === null ? shownPath(file, folder) : `${shownPath(file, folder)}:${line}:${column ?? 1}`
    throw new CommandError(EXIT.failure, {
      what: 'a test file cannot be run',
      why: `${where}: ${reason}`,
      how: line === null ? 'correct the path to it' : 'correct it there',
    })
  }
}

/** That nothing was tested is no success. */
function untested(files: readonly FileResult[], { has, around }: Given): ConfigComplaint | null {
  const empty = files.filter(({ tests, broken }) => broken === null && tests.every(({ outcome }) => outcome === 'skipped'))
  if (has('name') ? empty.length < files.length : empty.length === 0) return null
  return {
    what: `nothing was tested in ${empty.map(({ file }) => shownPath(file, around.folder)).join(', ')}`,
    why: has('name') ? 'no test has a name that --name matches' : 'there is no test in it that ran',
    how: has('name') ? 'correct the pattern, or leave --name out' : `write one with test('…', () => { … }) of clearcoat/vcl-ts/testing`,
  }
}
