import { describe, expect, it } from 'vitest'
import { chart } from '../../bench/harness/chart.ts'
import type { Result, TargetResult } from '../../bench/harness/result.ts'

const same = (value: number): { median: number; lowest: number; highest: number } => ({ median: value, lowest: value, highest: value })

function target(name: string, cpu: number, wrong = 0): TargetResult {
  return { name, cpu: { ...same(cpu), rounds: [cpu] }, rate: same(1), p99: same(1), answers: 1, wrong, logged: null }
}

function result(...targets: readonly TargetResult[]): Result {
  return {
    date: '2026-11-21T12:00:00.000Z',
    machine: { processor: 'A & B <C>', cores: 2, memoryGiB: 4, system: 'Linux 6', pinned: true, loadAverage: 0 },
    versions: { node: '26.10.0', varnish: '7.1.1' },
    load: 'wrk',
    flags: [],
    plan: { connections: 64, slice: 100, starts: 1, rounds: 5, seconds: 3, warmUp: 2 },
    scenarios: [{ name: 'hit-small', title: 'hit, 1 KiB', targets, verdicts: [], latencies: [] }],
  }
}

const widths = (svg: string): number[] => Array.from(svg.matchAll(/<rect [^>]*width="(\d+)"/g), ([, width]) => Number(width))

describe('the chart', () => {
  it('draws bars in proportion, ours first and in its own colour', () => {
    const svg = chart(result(target('clearcoat', 10), target('net echo', 5), target('varnish', 20)))
    expect(widths(svg)).toEqual([240, 480, 120])
    expect(svg.match(/<rect class="(\w+)"/g)).toEqual(['<rect class="ours"', '<rect class="other"', '<rect class="floor"'])
  })

  it('shows of nginx’s two configurations the better', () => {
    const svg = chart(result(target('clearcoat', 10), target('nginx', 20), target('nginx, open_file_cache', 8)))
    expect(widths(svg)).toEqual([480, 384])
    expect(svg).toContain('8.0 (8.0–8.0)')
    expect(svg).not.toContain('20.0')
  })

  it('leaves out who answered nothing in some round', () => {
    const svg = chart(result(target('clearcoat', 10), target('varnish', Number.NaN)))
    expect(widths(svg)).toEqual([480])
  })

  it('says where, when and with what it was measured, and that each number is a median with its spread', () => {
    const svg = chart(result(target('clearcoat', 10)))
    for (const said of ['A &amp; B &lt;C&gt;, 2 cores', '2026-11-21', 'node 26.10.0, varnish 7.1.1', 'median of 5 rounds'])
      expect(svg).toContain(said)
  })

  it('has colours for dark paper', () => {
    expect(chart(result())).toContain('@media (prefers-color-scheme: dark)')
  })

  it('does not hide wrong answers', () => {
    expect(chart(result(target('clearcoat', 10, 2)))).toContain('WRONG ANSWERS')
  })
})
