import { describe, expect, it } from 'vitest'
import { GOALS, verdicts } from '../../bench/goals.ts'
import type { Figures } from '../../bench/harness/measure.ts'
import { figuresTable, goalsTable } from '../../bench/harness/report.ts'
import { FLEET, GROWTH, SCENARIOS, scenariosNamed } from '../../bench/scenarios.ts'

function figures(name: string, ...cpu: readonly number[]): Figures {
  return { name, cpu, rate: [1], p99: [1], answers: 100, wrong: 0, logged: null }
}

describe('the table of targets', () => {
  it('has one to Varnish and one to nginx for every scenario, and names no other', () => {
    const pairs = GOALS.filter(({ rival }) => rival === 'nginx' || rival === 'varnish').map(({ scenario, rival }) => `${scenario} ${rival}`)
    expect(pairs.toSorted()).toEqual(SCENARIOS.flatMap(({ name }) => [`${name} nginx`, `${name} varnish`]).toSorted())
  })

  it('has one to our own few keys for every scenario of growth, which run only when named', () => {
    expect(GOALS.filter(({ rival }) => rival === 'few').map(({ scenario }) => scenario)).toEqual(GROWTH.map(({ name }) => name))
    for (const { name, few } of GROWTH) {
      const [verdict] = verdicts(name, [figures('clearcoat', 13), figures(`clearcoat, ${few} keys`, 10)])
      expect(verdict).toMatchObject({ rival: 'few', met: true, ratio: { median: 1.3 } })
    }
    expect(scenariosNamed(['hit-million-zipf', 'pass']).map(({ name }) => name)).toEqual(['pass', 'hit-million-zipf'])
  })

  it('has what a hit in Redis may cost and take beside a miss, with Redis and without, and what Redis may cost a hit in memory', () => {
    const cpu = [
      figures('clearcoat, from Redis', 4),
      figures('clearcoat, miss, written to Redis', 10),
      figures('clearcoat, miss, no Redis', 7),
    ]
    expect(verdicts('redis-hit', cpu)).toMatchObject([
      { rival: 'miss', met: true, ratio: { median: 0.4 } },
      { rival: 'lone', met: false, most: 0.5 },
      { rival: 'miss', figure: 'p99', met: true, ratio: { median: 1 } },
      { rival: 'lone', figure: 'p99', met: true },
    ])
    const slow = cpu.map((one, index) => ({ ...one, p99: [index === 0 ? 2.1 : 2] }))
    expect(verdicts('redis-hit', slow).filter(({ figure }) => figure === 'p99')).toMatchObject([{ met: false }, { met: false, most: 1 }])
    expect(goalsTable(verdicts('redis-hit', cpu))).toMatch(/redis-hit, p99 +\| clearcoat, miss, no Redis/)
    expect(verdicts('hit-small-redis', [figures('clearcoat, Redis', 10.3), figures('clearcoat, no Redis', 10)])).toMatchObject([
      { met: false, most: 1.02 },
    ])
    for (const { name, redis } of FLEET) {
      expect(redis).not.toBe('none')
      expect(scenariosNamed([]).map((scenario) => scenario.name)).not.toContain(name)
    }
  })

  it('is met when the median of the paired ratios is good enough, and missed when only one round is', () => {
    const [met] = verdicts('hit-small', [figures('clearcoat', 5, 11, 5.4), figures('varnish', 10, 10, 10)])
    expect(met).toMatchObject({ rival: 'varnish', met: true, ratio: { median: 0.54, lowest: 0.5, highest: 1.1 } })
    const [missed] = verdicts('hit-small', [figures('clearcoat', 5, 11, 5.6), figures('varnish', 10, 10, 10)])
    expect(missed).toMatchObject({ met: false, most: 0.55 })
  })

  it('compares with the better of nginx’s two configurations, whichever it is', () => {
    const ours = figures('clearcoat', 9)
    const one = verdicts('hit-304', [ours, figures('nginx', 20), figures('nginx, open_file_cache', 8)])
    expect(one).toMatchObject([{ target: 'nginx, open_file_cache', met: false }])
    const other = verdicts('hit-304', [ours, figures('nginx', 12), figures('nginx, open_file_cache', 13)])
    expect(other).toMatchObject([{ target: 'nginx', met: true }])
  })

  it('counts neither a rival that answered wrongly, nor our own speed when we did', () => {
    const wrong = { ...figures('nginx, open_file_cache', 2), wrong: 1 }
    expect(verdicts('hit-304', [figures('clearcoat', 9), figures('nginx', 12), wrong])).toMatchObject([{ target: 'nginx', met: true }])
    expect(verdicts('hit-304', [{ ...figures('clearcoat', 9), wrong: 1 }, figures('nginx', 12)])).toMatchObject([{ met: false }])
  })

  it('says nothing of a rival that did not run', () => {
    expect(verdicts('pass', [figures('clearcoat', 9), figures('node:http', 9)])).toEqual([])
  })

  it('prints what was missed as well as what was met', () => {
    const text = goalsTable(verdicts('hit-small', [figures('clearcoat', 5), figures('varnish', 10), figures('net echo', 2)]))
    expect(text).toContain('1 of 2 met')
    expect(text).toMatch(/hit-small \| varnish +\| 0\.500 \(0\.500–0\.500\) \| ≤ 0\.55 \| met/)
    expect(text).toMatch(/net echo +\| 2\.500 \(2\.500–2\.500\) \| ≤ 1\.9 +\| MISSED/)
  })

  it('says of a log that lacks lines how many it has', () => {
    expect(figuresTable('hit', [{ ...figures('clearcoat', 5), logged: 1 }])).toContain('all right, all logged')
    expect(figuresTable('hit', [{ ...figures('varnish', 5), logged: 0.5 }])).toContain('only 50 % LOGGED')
  })

  it('does not let wrong answers pass unseen', () => {
    expect(figuresTable('hit', [{ ...figures('clearcoat', 5), wrong: 3 }])).toContain('3 of 100 WRONG')
  })
})

describe('scenarios', () => {
  it('are chosen by name, all when none is given', () => {
    expect(scenariosNamed(['miss', 'hit-small']).map(({ name }) => name)).toEqual(['hit-small', 'miss'])
    expect(scenariosNamed([])).toBe(SCENARIOS)
  })

  it('refuses a name that no scenario has, and says which there are', () => {
    expect(() => scenariosNamed(['hit-smal'])).toThrow(/no scenario is called hit-smal; there are hit-small, hit-browser/)
  })
})
