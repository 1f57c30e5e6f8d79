import { it } from 'vitest'
import { checkFull } from './full.ts'

it('keeps what is hot in a full cache while five times as much that is asked for once goes over it, and lets all expire', () =>
  checkFull(2000))
