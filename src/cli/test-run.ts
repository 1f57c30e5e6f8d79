/** Runs test files of policies: each bundled, then in a process of its own under Node's test runner, whose events become results. */
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, extname, join } from 'node:path'
import { run } from 'node:test'
import { fileURLToPath } from 'node:url'
import { bundleTest } from '../policy/load-bundle.ts'

export interface TestResult {
  /** Those of its suites before its own. */
  readonly path: readonly string[]
  readonly outcome: 'passed' | 'failed' | 'skipped'
  readonly milliseconds: number
  /** Where it is; absolute. */
  readonly file: string
  readonly line: number | null
  readonly column: number | null
  /** Why it failed, in the words of the assertion, with the difference. */
  readonly message: string | null
  /** Where it failed, as frames of the user's own files: `file:line:column`. */
  readonly frames: readonly string[]
}

export interface FileResult {
  readonly file: string
  readonly tests: readonly TestResult[]
  /** What went wrong outside of tests, such as a throw at the top level; `null`: nothing. */
  readonly broken: string | null
  /** What the tests printed. */
  readonly printed: string
  /** All files that went into it. */
  readonly inputs: readonly string[]
}

export interface RunOptions {
  /** Only tests whose name matches; `null`: all. */
  readonly only: RegExp | null
  /** Milliseconds that a file may take. */
  readonly patience: number
}

/** Rejects with a `PolicyLoadError` for a file that cannot be bundled. */
export async function runTests(files: readonly string[], { only, patience }: RunOptions): Promise<readonly FileResult[]> {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'clearcoat-test-')))
  // Left by a runner that runs us, it would make ours believe to be within it.
  const context = process.env['NODE_TEST_CONTEXT']
  delete process.env['NODE_TEST_CONTEXT']
  try {
    const modules: Record<string, FileInProgress> = {}
    for (const [index, file] of files.entries()) {
      const own = join(folder, String(index))
      mkdirSync(own)
      const { code, map, inputs } = await bundleTest(file, own, GIVEN)
      const module = join(own, `${basename(file, extname(file))}.mjs`)
      writeFileSync(module, code)
      writeFileSync(`${module}.map`, map)
      modules[module] = { file, module, inputs, tests: [], suites: [], broken: null, printed: '', errors: '' }
    }
    const events = run({
      files: Object.keys(modules),
      isolation: 'process',
      execArgv: ['--enable-source-maps'],
      timeout: patience,
      ...(only === null ? {} : { testNamePatterns: only }),
    })
    for await (const event of events as AsyncIterable<RunnerEvent>) take(event, modules, folder)
    return Object.values(modules).map(({ file, tests, broken, printed, inputs }) => ({ file, tests, broken, printed, inputs }))
  } finally {
    if (context !== undefined) process.env['NODE_TEST_CONTEXT'] = context
    rmSync(folder, { recursive: true, force: true })
  }
}

/** In a package that was built they are JavaScript, as this file is. */
const ENDING = extname(fileURLToPath(import.meta.url))
const GIVEN: ReadonlyMap<string, string> = new Map([
  ['clearcoat/vcl-ts', new URL(`../../vcl-ts/index${ENDING}`, import.meta.url).href],
  ['clearcoat/vcl-ts/testing', new URL(`../testing/index${ENDING}`, import.meta.url).href],
])

interface FileInProgress {
  readonly file: string
  readonly module: string
  readonly inputs: readonly string[]
  readonly tests: TestResult[]
  /** Names of the suites around what comes next. */
  readonly suites: string[]
  broken: string | null
  printed: string
  errors: string
}

/** What is used of the runner's events (Node.js, “Test runner”, class TestsStream). */
interface RunnerEvent {
  readonly type: string
  readonly data: {
    readonly name?: string
    readonly nesting?: number
    readonly file?: string
    readonly entryFile?: string
    readonly line?: number
    readonly column?: number
    readonly message?: string
    readonly skip?: string | boolean
    readonly todo?: string | boolean
    readonly details?: { readonly duration_ms?: number; readonly type?: string; readonly error?: RunnerError }
  }
}

interface RunnerError extends Error {
  readonly failureType?: string
}

function take({ type, data }: RunnerEvent, modules: Readonly<Record<string, FileInProgress>>, folder: string): void {
  const { name = '', nesting = 0, file = '', entryFile = file, details, message = '' } = data
  const found = modules[entryFile] ?? Object.values(modules).find(({ module, inputs }) => module === file || inputs.includes(file))
  if (found === undefined) return
  if (type === 'test:stdout') found.printed += message
  else if (type === 'test:stderr') found.errors += message
  // Such as what went wrong when no test ran; the others are counts.
  else if (type === 'test:diagnostic' && !/^[a-z_]+ [\d.]+$/.test(message)) found.errors += `${message}\n`
  else if (type === 'test:start') found.suites[nesting] = name
  else if (type === 'test:pass' || type === 'test:fail') {
    const { error } = details ?? {}
    // The file is itself a test to the runner.
    if (name === found.module) {
      if (error !== undefined && error.failureType !== 'subtestsFailed') found.broken = words(found.errors, folder) || 'its process ended'
      else found.printed += found.errors
      return
    }
    const failed = type === 'test:fail'
    if (details?.type === 'suite' && (!failed || error?.failureType === 'subtestsFailed')) return
    const { line = null, column = null } = data
    found.tests.push({
      path: [...found.suites.slice(0, nesting), name],
      outcome: failed ? 'failed' : (data.skip ?? false) !== false || (data.todo ?? false) !== false ? 'skipped' : 'passed',
      milliseconds: details?.duration_ms ?? 0,
      file: file === found.module ? found.file : file,
      line,
      column,
      ...faultOf(failed ? error : undefined, found, folder),
    })
  }
}

/** Of a failed test the cause is what it threw; the rest is of the runner itself, such as a deadline. */
function faultOf(error: RunnerError | undefined, { inputs }: FileInProgress, folder: string): Pick<TestResult, 'message' | 'frames'> {
  if (error === undefined) return { message: null, frames: [] }
  const cause = error.cause ?? error
  if (!(cause instanceof Error)) return { message: words(String(cause), folder), frames: [] }
  const frames = (cause.stack ?? '').split('\n').flatMap((line) => {
    const place = /\(?((?:file:\/\/)?\/[^()]+:\d+:\d+)\)?$/.exec(line)?.[1]?.replace(/^file:\/\//, '')
    return place !== undefined && inputs.includes(place.replace(/:\d+:\d+$/, '')) ? [place] : []
  })
  const kind = cause.name === 'Error' || cause.name === 'AssertionError' ? '' : `${cause.name}: `
  return { message: words(`${kind}${cause.message}`, folder), frames }
}

/** What Node.js prints of an error that ended a process, without its own frames and version. */
function words(text: string, folder: string): string {
  const kept = text.split('\n').filter((line) => !/^\s+at (?:.*\(|async )?node:|^Node\.js v/.test(line) && !line.includes(folder))
  return kept.join('\n').trim()
}
