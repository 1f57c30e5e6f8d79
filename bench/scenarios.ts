/** What is measured: one entry a scenario, and nothing in them that only one server understands. */
import type { Scenario } from './harness/scenario.ts'

const KiB = 1024

/** What most scenarios share: 1 KiB under one hot URL, asked for in two lines, answered 200 from memory. */
const hit: Omit<Scenario, 'name' | 'title'> = {
  work: 'hit',
  shape: 'lean',
  fields: [],
  bodyBytes: KiB,
  keys: null,
  few: null,
  memory: '1G',
  policy: 'none',
  coding: null,
  log: false,
  redis: 'none',
  expect: { status: 200, from: 0, bytes: KiB, fields: [] },
}

export const KEYS = 200_000
/** So many take minutes: only where they are named. */
export const MANY_KEYS = 1_000_000
const FEW_KEYS = 1000

export const SCENARIOS: readonly Scenario[] = [
  { ...hit, name: 'hit-small', title: 'hit, 1 KiB, lean request' },
  { ...hit, name: 'hit-browser', title: 'hit, 1 KiB, request of a browser', shape: 'browser' },
  {
    ...hit,
    name: 'hit-hooks',
    title: 'hit, 1 KiB, policy with recv, hash and deliver',
    policy: 'hooks',
    expect: { ...hit.expect, fields: ['X-Device', 'X-Hits'] },
  },
  { ...hit, name: 'hit-log', title: 'hit, 1 KiB, JSON access log to a file', log: true },
  { ...hit, name: 'hit-keys-zipf', title: `hit, 1 KiB, ${KEYS} keys, Zipf`, keys: { count: KEYS, draw: 'zipf' } },
  { ...hit, name: 'hit-keys-uniform', title: `hit, 1 KiB, ${KEYS} keys, uniform`, keys: { count: KEYS, draw: 'uniform' } },
  {
    ...hit,
    name: 'hit-304',
    title: '304 to If-None-Match',
    fields: [['If-None-Match', '"a-quick-brown-fox"']],
    expect: { ...hit.expect, status: 304, bytes: 0 },
  },
  { ...hit, name: 'hit-100k', title: 'hit, 100 KiB', bodyBytes: 100 * KiB, expect: { ...hit.expect, bytes: 100 * KiB } },
  { ...hit, name: 'hit-1m', title: 'hit, 1 MiB', bodyBytes: KiB * KiB, expect: { ...hit.expect, bytes: KiB * KiB } },
  {
    ...hit,
    name: 'hit-range',
    title: 'range of 1 KiB out of 1 MiB',
    bodyBytes: KiB * KiB,
    fields: [['Range', 'bytes=524288-525311']],
    expect: { ...hit.expect, status: 206, from: 524_288, bytes: KiB },
  },
  { ...hit, name: 'pass', title: 'pass, 1 KiB', work: 'pass' },
  { ...hit, name: 'miss', title: 'miss and store, 1 KiB', work: 'miss' },
]

/** What a piece costs, to be compared with the scenario without it: only where they are named. */
export const PIECES: readonly Scenario[] = [
  {
    ...hit,
    name: 'hit-vcl',
    title: 'hit, 1 KiB, the policy of hit-hooks from VCL',
    policy: 'vcl',
    expect: { ...hit.expect, fields: ['X-Device', 'X-Hits'] },
  },
  {
    ...hit,
    name: 'hit-brotli',
    title: 'hit, 1 KiB, stored in brotli, which the browser takes',
    shape: 'browser',
    coding: 'br',
    expect: { ...hit.expect, fields: ['Content-Encoding'] },
  },
]

/** What growth costs, not among those that run when none is named. */
export const GROWTH: readonly Scenario[] = (['zipf', 'uniform'] as const).map((draw) => ({
  ...hit,
  name: `hit-million-${draw}`,
  title: `hit, 1 KiB, ${MANY_KEYS} keys, ${draw === 'zipf' ? 'Zipf' : 'uniform'}`,
  keys: { count: MANY_KEYS, draw },
  few: FEW_KEYS,
  memory: '3G',
}))

/** What a Redis that nodes share costs, and saves: only where they are named, since it has to be installed. */
export const FLEET: readonly Scenario[] = [
  { ...hit, name: 'redis-hit', title: 'hit in Redis, 1 KiB, every URL new to the node', redis: 'source' },
  { ...hit, name: 'hit-small-redis', title: 'hit in memory, 1 KiB, of a node with Redis', redis: 'beside' },
]

/** The scenarios of these names, in the order of the tables; those of `SCENARIOS` if there are none. Throws for a name that no scenario has. */
export function scenariosNamed(names: readonly string[]): readonly Scenario[] {
  const all = [...SCENARIOS, ...PIECES, ...FLEET, ...GROWTH]
  const known = all.map(({ name }) => name)
  const unknown = names.filter((name) => !known.includes(name))
  if (unknown.length > 0) throw new Error(`no scenario is called ${unknown.join(' or ')}; there are ${known.join(', ')}`)
  return names.length === 0 ? SCENARIOS : all.filter(({ name }) => names.includes(name))
}
