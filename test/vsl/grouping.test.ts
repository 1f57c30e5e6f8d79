import { expect, it } from 'vitest'
import { type Group, Grouping, type GroupingName } from '../../src/vsl/grouping.ts'
import type { LogRecord, Transaction, TransactionType } from '../../src/vsl/transaction.ts'
import fc from '../support/properties.ts'

interface Node {
  readonly transaction: Transaction
  readonly below: readonly Node[]
}

let id = 0

function node(type: TransactionType, reason: string, parent: number, make: (vxid: number) => readonly Node[] = () => []): Node {
  const vxid = ++id
  const below = make(vxid)
  const links = below.map(({ transaction: each }): LogRecord => ['Link', `${each.type} ${each.vxid} ${each.reason}`])
  return { transaction: { type, vxid, parent, reason, records: [['Begin', `${type} ${parent} ${reason}`], ...links, ['End', '']] }, below }
}

const all = ({ transaction, below }: Node): readonly Transaction[] => [transaction, ...below.flatMap(all)]

const session = (): Node =>
  node('sess', 'HTTP/1', 0, (sess) => [
    node('req', 'rxreq', sess, (req) => [
      node('bereq', 'fetch', req, (bereq) => [node('bereq', 'retry', bereq)]),
      node('req', 'esi 1', req, (esi) => [node('bereq', 'fetch', esi)]),
      node('req', 'esi 1', req),
    ]),
    node('req', 'rxreq', sess, (req) => [node('req', 'restart', req, (again) => [node('bereq', 'pass', again)])]),
  ])

function grouped(name: GroupingName, transactions: readonly Transaction[], now: () => number = () => 0): Group[] {
  const groups: Group[] = []
  const grouping = new Grouping(name, (group) => groups.push(group), now)
  for (const each of transactions) grouping.add(each)
  return groups
}

const outline = ({ transactions }: Group): string => transactions.map(({ level, type, reason }) => `${level} ${type} ${reason}`).join(', ')

it('puts what a session began behind it, level by level, whatever the order in which it ends', () => {
  const tree = session()
  fc.assert(
    fc.property(fc.shuffledSubarray([...all(tree)], { minLength: all(tree).length }), (order) => {
      const groups = grouped('session', order)
      expect(groups.map(outline)).toEqual([
        '1 sess HTTP/1, 2 req rxreq, 2 req rxreq, 3 bereq fetch, 3 req esi 1, 3 req esi 1, 2 req restart, 4 bereq retry, 4 bereq fetch, 3 bereq pass',
      ])
      expect(groups[0]?.incomplete).toBe(false)
    }),
  )
})

it('puts what a request began behind it, and leaves the session out', () => {
  const tree = session()
  fc.assert(
    fc.property(fc.shuffledSubarray([...all(tree)], { minLength: all(tree).length }), (order) => {
      expect(grouped('request', order).map(outline).sort()).toEqual([
        '1 req rxreq, 1 req restart, 2 bereq pass',
        '1 req rxreq, 2 bereq fetch, 2 req esi 1, 2 req esi 1, 3 bereq retry, 3 bereq fetch',
      ])
    }),
  )
})

it('gives each transaction by itself, and raw records only to who wants them', () => {
  const raw: Transaction = { type: 'raw', vxid: 0, parent: 0, reason: '', records: [['CLI', 'Rd ping']] }
  const transactions = [...all(session()), raw]
  expect(grouped('vxid', transactions)).toHaveLength(transactions.length - 1)
  expect(grouped('vxid', transactions).every(({ transactions: each }) => each[0]?.level === 1)).toBe(true)
  expect(grouped('raw', transactions).map(({ transactions: each }) => each[0]?.level)).toEqual(transactions.map(() => 0))
})

it('waits two minutes for what is missing, and says that it is', () => {
  let now = 0
  const [request] = session().below
  if (request === undefined) throw new Error('there is no request')
  const [first, ...others] = all(request)
  const groups: Group[] = []
  const grouping = new Grouping(
    'request',
    (group) => groups.push(group),
    () => now,
  )
  for (const each of others) grouping.add(each)
  now = 119_999
  grouping.add(node('req', 'rxreq', 1).transaction)
  expect(groups).toHaveLength(1)
  now = 120_000
  grouping.add(node('req', 'rxreq', 1).transaction)
  expect(groups.filter(({ incomplete }) => incomplete).flatMap(({ transactions }) => transactions)).toHaveLength(others.length)
  if (first !== undefined) grouping.add(first)
  grouping.flush()
  expect(groups.at(-1)).toMatchObject({ incomplete: true, transactions: [{ vxid: first?.vxid, level: 1 }] })
})

it('holds no more than 16 MiB', () => {
  const groups: Group[] = []
  const grouping = new Grouping(
    'request',
    (group) => groups.push(group),
    () => 0,
  )
  const text = 'x'.repeat(4096)
  for (let i = 0; i < 5000; i++)
    grouping.add({ type: 'bereq', vxid: 10_000 + i, parent: 9000 + i * 10_000, reason: 'fetch', records: [['BerespHeader', text]] })
  expect(5000 - groups.length).toBeLessThan((16 * 1024 * 1024) / 4096)
  expect(5000 - groups.length).toBeGreaterThan(3500)
})

it('is not led in circles by ids that come again', () => {
  const twice = (vxid: number, parent: number, link: number): Transaction => ({
    type: 'bereq',
    vxid,
    parent,
    reason: 'retry',
    records: [['Link', `bereq ${link} retry`]],
  })
  const groups = grouped('request', [twice(5, 6, 6), twice(6, 5, 5), twice(5, 6, 6)])
  expect(groups.length).toBeGreaterThan(0)
})
