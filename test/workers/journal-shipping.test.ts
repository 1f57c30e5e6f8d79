import { expect, it } from 'vitest'
import type { Transaction } from '../../src/vsl/transaction.ts'
import { JournalShipping } from '../../src/workers/journal-shipping.ts'
import type { FromWorker } from '../../src/workers/messages.ts'

type Shipped = Extract<FromWorker, { readonly type: 'transactions' }>

const transaction = (vxid: number): Transaction => ({
  type: 'req',
  vxid,
  parent: 0,
  reason: 'rxreq',
  records: [['Debug', 'x'.repeat(4000)]],
})

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

it('ships what comes in a turn together, and no more than the supervisor takes in; the rest is lost and counted', async () => {
  const shipped: Shipped[] = []
  const shipping = new JournalShipping((message) => shipped.push(message as Shipped))
  for (let i = 0; i < 3; i++) shipping.transaction(transaction(i))
  await turn()
  expect(shipped.map(({ transactions, lost }) => [transactions.length, lost])).toEqual([[3, 0]])
  for (let i = 0; i < 5000; i++) {
    shipping.transaction(transaction(i))
    if (i % 100 === 0) await turn()
  }
  await turn()
  const told = shipped.reduce((sum, { transactions }) => sum + transactions.length, 0)
  const lost = shipped.reduce((sum, each) => sum + each.lost, 0)
  expect(told + lost).toBe(5003)
  expect(told * 4000).toBeLessThanOrEqual(8 * 1024 * 1024)
  for (const { bytes } of shipped.splice(0)) shipping.taken(bytes)
  shipping.transaction(transaction(1))
  await turn()
  expect(shipped.map(({ transactions }) => transactions.length)).toEqual([1])
})
