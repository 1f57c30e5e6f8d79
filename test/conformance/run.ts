/** The conformance run: `node test/conformance/run.ts SUITE`; see USAGE. Exits 1 when the gate is not met, 64 on wrong usage. */
import { writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { startAccelerator } from './accelerator.ts'
import { classify } from './classify.ts'
import { runTests } from './client.ts'
import { gateFaults, gates } from './gate.ts'
import { startOrigin } from './origin.ts'
import { formatReport, makeReport, type Report } from './report.ts'
import { applicableTests, loadSuite, type Suite, SuiteError } from './suite.ts'

const USAGE = `usage: node test/conformance/run.ts SUITE [options]
  SUITE            suite.json of http-tests/cache-tests
  --preset NAME    only this preset of rfc9111, safe, varnish; with --base: the gate to apply
  --workers N      with so many workers, default 1
  --base URL       test the proxy at this address instead of starting one
  --origin-port N  with --base: the port on 127.0.0.1 where that proxy expects its origin
  --only ID,ID     only these tests, each judged without its dependencies
  --verbose ID     only this test, with every message on both sides
  --json FILE      write all results there`

const PRESETS = ['rfc9111', 'safe', 'varnish']
const FLAGS = ['preset', 'workers', 'base', 'origin-port', 'only', 'verbose', 'json'] as const

interface Options {
  readonly suite: Suite
  readonly presets: readonly string[]
  readonly workers: number
  readonly base: string | null
  readonly originPort: number
  readonly only: ReadonlySet<string> | null
  readonly verbose: boolean
  readonly json: string | null
}

class UsageError extends Error {}

try {
  const options = readOptions(process.argv.slice(2))
  const reports: Report[] = []
  let faults = 0
  for (const preset of options.presets) {
    const report = await runPreset(options, preset)
    reports.push(report)
    faults += judge(report, preset, options.only !== null)
  }
  if (options.json !== null) writeFileSync(options.json, `${JSON.stringify(reports, null, 2)}\n`)
  process.exitCode = faults === 0 ? 0 : 1
} catch (error) {
  if (!(error instanceof UsageError || error instanceof SuiteError)) throw error
  process.stderr.write(`${error.message}\n`)
  process.exitCode = error instanceof SuiteError ? 1 : 64
}

async function runPreset(options: Options, preset: string): Promise<Report> {
  const trace = (line: string): void => console.log(line)
  const origin = await startOrigin({ port: options.originPort, ...(options.verbose ? { trace } : {}) })
  try {
    const proxy =
      options.base === null ? await startAccelerator(preset, origin.port, options.workers) : { base: options.base, close: async () => {} }
    try {
      const tests = applicableTests(options.suite).filter((test) => options.only?.has(test.id) !== false)
      const outcomes = await runTests(tests, { base: proxy.base, ...(options.verbose ? { trace } : {}) })
      const classified = classify(options.suite, outcomes, options.only === null)
      const report = makeReport(options.base ?? `preset ${preset}${options.workers > 1 ? `, ${options.workers} workers` : ''}`, classified)
      console.log(`${formatReport(report, classified)}\n`)
      return report
    } finally {
      await proxy.close()
    }
  } finally {
    await origin.close()
  }
}

function judge(report: Report, preset: string, partial: boolean): number {
  const gate = gates[preset]
  if (gate === undefined) return 0
  const faults = gateFaults(report, gate, partial)
  for (const fault of faults) console.log(`gate ${preset}: ${fault}`)
  if (faults.length === 0) console.log(`gate ${preset}: met\n`)
  return faults.length
}

function readOptions(args: string[]): Options {
  const { values, positionals } = parse(args)
  const [path] = positionals
  if (path === undefined || positionals.length > 1) throw new UsageError(USAGE)
  const { base, preset } = values
  if (base !== undefined && (!URL.canParse(base) || new URL(base).protocol !== 'http:')) throw new UsageError('--base takes an http:// URL')
  if (preset !== undefined && !PRESETS.includes(preset)) throw new UsageError(`--preset takes one of ${PRESETS.join(', ')}`)
  const originPort = Number(values['origin-port'] ?? 0)
  if (!(Number.isInteger(originPort) && originPort >= 0 && originPort <= 65_535)) throw new UsageError('--origin-port takes a port number')
  if ((base === undefined) !== (originPort === 0)) throw new UsageError('--base and --origin-port go together')

  const workers = Number(values.workers ?? 1)
  if (!(Number.isInteger(workers) && workers >= 1 && workers <= 64)) throw new UsageError('--workers takes a number from 1 to 64')

  const suite = loadSuite(path)
  const selected = values.verbose === undefined ? values.only?.split(',') : [values.verbose]
  const known = new Set(applicableTests(suite).map((test) => test.id))
  for (const id of selected ?? []) if (!known.has(id)) throw new UsageError(`the suite has no applicable test ${id}`)
  return {
    suite,
    presets: preset !== undefined ? [preset] : base !== undefined ? ['none'] : PRESETS,
    workers,
    base: base ?? null,
    originPort,
    only: selected === undefined ? null : new Set(selected),
    verbose: values.verbose !== undefined,
    json: values.json ?? null,
  }
}

function parse(args: string[]): { values: Partial<Record<(typeof FLAGS)[number], string>>; positionals: string[] } {
  const options = Object.fromEntries(FLAGS.map((flag) => [flag, { type: 'string' as const }]))
  try {
    return parseArgs({ args, allowPositionals: true, options }) as ReturnType<typeof parse>
  } catch (error) {
    throw new UsageError(`${error instanceof Error ? error.message : String(error)}\n${USAGE}`)
  }
}
