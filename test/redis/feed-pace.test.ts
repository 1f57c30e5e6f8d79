/** Redis ends a wait only when it looks who has waited long enough, as often as its `hz` says: who does not wait must not be held up by that. */
import { expect, it, onTestFinished } from 'vitest'
import { openFeed } from '../support/redis-link.ts'
import { startRedis } from '../support/redis-server.ts'

it('is answered at once where it does not want to wait, however seldom Redis looks', async () => {
  const redis = await startRedis({ config: { hz: 1, 'dynamic-hz': 'no' } })
  onTestFinished(() => redis.stop())
  const feed = openFeed(redis.url)
  for (let each = 0; each < 3; each++) expect(await feed.follow('stream', '0-0', 1, 10)).toEqual([])
  await redis.cli('XADD', 'stream', '1-1', 'e', 'entry')
  expect((await feed.follow('stream', '0-0', 1, 10)).map(({ id }) => id)).toEqual(['1-1'])
})

it('waits as long as Redis takes to say that nothing came', async () => {
  const redis = await startRedis()
  onTestFinished(() => redis.stop())
  const feed = openFeed(redis.url, { deadline: 0.05 })
  for (let each = 0; each < 3; each++) expect(await feed.follow('stream', '0-0', 20, 10)).toEqual([])
})
