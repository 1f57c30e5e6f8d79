/** A result as a picture: processor time per answer, a group of bars for each scenario, readable on light and on dark paper. */
import type { Result, ScenarioResult, TargetResult } from './result.ts'

const WIDTH = 820
const LEFT = 130
/** Of the longest bar in each group: groups have scales of their own, as a mebibyte takes forty times what a kibibyte takes. */
const LONGEST = 480
const BAR = 13
const STEP = 17
const TITLE = 24
const GAP = 14
const TOP = 64
const BOTTOM = 58

const STYLE = `
    text { font: 12px system-ui, sans-serif; fill: #24292f }
    .big { font-size: 16px; font-weight: 600 }
    .title { font-weight: 600 }
    .small { font-size: 11px; fill: #57606a }
    .ours { fill: #1a7f37 }
    .other { fill: #8c959f }
    .floor { fill: #d0d7de }
    @media (prefers-color-scheme: dark) {
      text { fill: #e6edf3 }
      .small { fill: #9198a1 }
      .ours { fill: #3fb950 }
      .other { fill: #7d8590 }
      .floor { fill: #484f58 }
    }`

interface Bar {
  readonly label: string
  readonly kind: 'ours' | 'other' | 'floor'
  readonly target: TargetResult
}

export function chart(result: Result): string {
  let y = TOP
  const groups = result.scenarios.map((scenario) => {
    const bars = barsOf(scenario)
    const drawn = group(scenario.title, bars, y)
    y += TITLE + bars.length * STEP + GAP
    return drawn
  })
  const { machine, versions, date } = result
  const programs = Object.entries(versions).map((entry) => entry.join(' '))
  const lines = [
    `${machine.processor}, ${machine.cores} cores, ${machine.system}, load average ${machine.loadAverage}, ${date.slice(0, 10)}`,
    `${programs.join(', ')}; load: ${result.load}${machine.pinned ? ' on a core of its own' : ''}; median of ${result.plan.rounds * result.plan.starts} rounds (lowest–highest)`,
  ]
  const foot = lines.map((line, index) => text(16, y + 16 + index * 18, 'small', line)).join('')
  const height = y + BOTTOM
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img" aria-label="Processor time per answer">
  <style>${STYLE}
  </style>
${text(16, 26, 'big', 'Processor time per answer, in microseconds')}${text(16, 46, 'small', 'Shorter is better. Each group has a scale of its own.')}${groups.join('')}${foot}</svg>
`
}

/** Ours, then the peers, of nginx's two the better, and last the floors. */
function barsOf({ targets: all }: ScenarioResult): readonly Bar[] {
  // Who answered nothing in some round has no figure; JSON has no infinity.
  const targets = all.filter(({ cpu }) => Number.isFinite(cpu.median) && Number.isFinite(cpu.highest))
  const nginx = targets.filter(({ name }) => name.startsWith('nginx')).toSorted((a, b) => a.cpu.median - b.cpu.median)
  const named = (name: string): readonly TargetResult[] => targets.filter((target) => target.name === name)
  const bar = (label: string, kind: Bar['kind'], [target]: readonly TargetResult[]): readonly Bar[] =>
    target === undefined ? [] : [{ label, kind, target }]
  return [
    ...bar('Clearcoat', 'ours', named('clearcoat')),
    ...bar('nginx', 'other', nginx),
    ...bar('Varnish', 'other', named('varnish')),
    ...bar('node:http', 'other', named('node:http')),
    ...bar('bare socket', 'floor', named('net echo')),
    ...bar('bare relay', 'floor', named('net relay')),
  ]
}

function group(title: string, bars: readonly Bar[], top: number): string {
  const most = Math.max(...bars.map(({ target }) => target.cpu.median))
  const rows = bars.map(({ label, kind, target }, index) => {
    const y = top + TITLE + index * STEP
    const width = Math.max(1, Math.round((target.cpu.median / most) * LONGEST))
    const { median, lowest, highest } = target.cpu
    const figure = `${digits(median)} (${digits(lowest)}–${digits(highest)})${target.wrong > 0 ? ' WRONG ANSWERS' : ''}`
    return [
      `  <text x="${LEFT - 8}" y="${y + 11}" text-anchor="end">${escaped(label)}</text>\n`,
      `  <rect class="${kind}" x="${LEFT}" y="${y}" width="${width}" height="${BAR}" rx="2"/>\n`,
      text(LEFT + width + 8, y + 11, '', figure),
    ].join('')
  })
  return text(16, top + 14, 'title', title) + rows.join('')
}

function digits(value: number): string {
  return value.toFixed(value < 100 ? 1 : 0)
}

function text(x: number, y: number, kind: string, content: string): string {
  return `  <text x="${x}" y="${y}"${kind === '' ? '' : ` class="${kind}"`}>${escaped(content)}</text>\n`
}

function escaped(content: string): string {
  return content.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}
