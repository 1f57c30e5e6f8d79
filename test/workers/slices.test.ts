/** Slices that workers share: what one fetched is the other's, what one purges nobody gets any more. */
import { expect, it } from 'vitest'
import { bytesOf, LargeFile } from '../support/large-file.ts'
import { Gate } from '../support/scripted-origin.ts'
import { until } from '../support/until.ts'
import { type Connected, crew, policyFile } from './rig.ts'

const SLICE = 64 * 1024
const LENGTH = 8 * SLICE

it('fetch a slice once for all, and purge it for all', async () => {
  const file = new LargeFile(LENGTH)
  const site = await crew({ policyFile: policyFile(), script: file.script, slice: SLICE })
  const [one, two] = (await site.connectToEach()) as [Connected, Connected]
  const range = { Range: `bytes=${2 * SLICE}-${3 * SLICE - 1}` }
  expect((await one.get('/film', range)).body.equals(bytesOf(2 * SLICE, 3 * SLICE - 1))).toBe(true)
  // Who has its last byte may have it before it is stored.
  await until(() => site.stat('n_object') === 2, 'the slice and its manifest')
  const there = await two.get('/film', range)
  expect([there.get('x-cache'), there.body.equals(bytesOf(2 * SLICE, 3 * SLICE - 1))]).toEqual(['HIT', true])
  expect(file.ranges.length).toBe(1)
  // Both want a slice that is being fetched for one of them.
  const gate = new Gate()
  file.asked = () => gate.opened
  const next = { Range: `bytes=${3 * SLICE}-${3 * SLICE + 9}` }
  const both = [one.get('/film', next), two.get('/film', next)]
  await until(() => site.stat('busy_sleep') === 1 || file.ranges.length > 2, 'one who waits')
  gate.open()
  for (const answer of await Promise.all(both)) expect(answer.body.equals(bytesOf(3 * SLICE, 3 * SLICE + 9))).toBe(true)
  expect(file.ranges.length).toBe(2)
  await until(() => site.stat('n_object') === 3, 'the second slice')
  await two.client.request('PURGE /film HTTP/1.1\r\nHost: www.example\r\n\r\n')
  expect(site.stat('n_object')).toBe(0)
  file.version = 1
  for (const worker of [one, two]) {
    expect((await worker.get('/film')).body.equals(bytesOf(0, LENGTH - 1, 1))).toBe(true)
    await until(() => site.stat('n_object') === 9, 'all slices and the manifest')
  }
  expect(file.ranges.length).toBe(10)
})

it('read on when the worker that fetched has died', async () => {
  const file = new LargeFile(LENGTH)
  const site = await crew({ policyFile: policyFile(), script: file.script, slice: SLICE })
  const [one, two] = (await site.connectToEach()) as [Connected, Connected]
  await one.get('/film', { Range: `bytes=0-${3 * SLICE}` })
  await until(() => site.stat('n_object') === 5, 'four slices and the manifest')
  site.end(one, 'terminate')
  await site.replaced(1)
  expect((await two.get('/film')).body.equals(bytesOf(0, LENGTH - 1))).toBe(true)
  expect(file.ranges.length).toBe(8)
})
