/** Results of tests as text: a line each, then what failed, with the difference and the place. */
import { stripVTControlCharacters } from 'node:util'
import { shownPath } from './config-file.ts'
import { shown } from './table.ts'
import type { FileResult, TestResult } from './test-run.ts'

export interface ReportStyle {
  readonly folder: string
  readonly color: boolean
}

export function testReport(files: readonly FileResult[], style: ReportStyle): string {
  const { red, dim } = paints(style.color)
  const parts = files.map((file) => fileLines(file, style).join('\n'))
  const failures = files.flatMap(({ tests }) => tests.filter(({ outcome }) => outcome === 'failed'))
  const broken = files.filter(({ broken }) => broken !== null)
  for (const { file, broken } of files)
    if (broken !== null) parts.push(`${red('✖')} ${shownPath(file, style.folder)} could not be run\n${indented(clean(broken))}`)
  for (const failure of failures) parts.push(failureLines(failure, style))
  const tests = files.flatMap((file) => file.tests)
  const count = (outcome: TestResult['outcome']): number => tests.filter((test) => test.outcome === outcome).length
  const sums = [`${count('passed')} passed`]
  if (count('failed') > 0) sums.push(`${count('failed')} failed`)
  if (count('skipped') > 0) sums.push(`${count('skipped')} skipped`)
  if (broken.length > 0) sums.push(`${broken.length === 1 ? '1 file' : `${broken.length} files`} could not be run`)
  const sum = sums.join(', ')
  parts.push(failures.length + broken.length > 0 ? red(sum) : `${sum}${dim(` in ${seconds(tests)} s`)}`)
  return `${parts.join('\n\n')}\n`
}

/** For programs: one object, with absolute paths. */
export function testReportJson(files: readonly FileResult[], ok: boolean): string {
  const shownFiles = files.map(({ file, tests, broken, printed }) => ({
    file,
    broken,
    printed,
    tests: tests.map(({ path, outcome, milliseconds, file, line, column, message, frames }) => ({
      name: path.join(' > '),
      outcome,
      milliseconds: Math.round(milliseconds * 100) / 100,
      file,
      line,
      column,
      message: message === null ? null : stripVTControlCharacters(message),
      frames,
    })),
  }))
  return `${JSON.stringify({ ok, files: shownFiles })}\n`
}

function fileLines({ file, tests, printed }: FileResult, { folder, color }: ReportStyle): readonly string[] {
  const { red, green, dim } = paints(color)
  const marks = { passed: green('✔'), failed: red('✖'), skipped: dim('-') }
  const lines = [shownPath(file, folder)]
  let around: readonly string[] = []
  for (const { path, outcome, milliseconds } of tests) {
    const suites = path.slice(0, -1)
    const same = suites.findIndex((name, index) => around[index] !== name)
    if (same >= 0) for (const [index, name] of suites.entries()) if (index >= same) lines.push(`${'  '.repeat(index + 1)}${shown(name)}`)
    around = suites
    const slow = milliseconds >= SLOW_MS ? dim(` ${Math.round(milliseconds)} ms`) : ''
    lines.push(`${'  '.repeat(path.length)}${marks[outcome]} ${shown(path.at(-1) ?? '')}${slow}`)
  }
  return printed === ''
    ? lines
    : [
        ...lines,
        ...clean(printed)
          .trimEnd()
          .split('\n')
          .map((line) => `  ${dim('│')} ${line}`),
      ]
}

const SLOW_MS = 100

function failureLines({ path, file, line, column, message, frames }: TestResult, { folder, color }: ReportStyle): string {
  const { red } = paints(color)
  const own = `${file}${line === null ? '' : `:${line}:${column ?? 1}`}`
  const places = (frames.length === 0 ? [own] : frames).map((frame) => `  at ${placeShown(frame, folder)}`)
  return [`${red('✖')} ${path.map(shown).join(' > ')}`, indented(clean(message ?? '')), ...places].join('\n')
}

function placeShown(frame: string, folder: string): string {
  const [, file = frame, place = ''] = /^(.+?)(:\d+:\d+)?$/.exec(frame) ?? []
  return `${shownPath(file, folder)}${place}`
}

/** Lines of their own, without what could steer a terminal. */
function clean(text: string): string {
  return stripVTControlCharacters(text)
    .split('\n')
    .map((line) => shown(line.replaceAll('\t', '  ')))
    .join('\n')
}

function indented(text: string): string {
  return text
    .split('\n')
    .map((line) => (line === '' ? '' : `  ${line}`))
    .join('\n')
}

function seconds(tests: readonly TestResult[]): string {
  return (tests.reduce((sum, { milliseconds }) => sum + milliseconds, 0) / 1000).toFixed(2)
}

function paints(color: boolean): Readonly<Record<'red' | 'green' | 'dim', (text: string) => string>> {
  const paint = (code: number) => (text: string) => (color ? `\x1b[${code}m${text}\x1b[0m` : text)
  return { red: paint(31), green: paint(32), dim: paint(2) }
}
