import { it } from 'vitest'
import { checkTagged } from './tagged.ts'

it('keeps and purges a hundred thousand tagged objects in slices, and leaves no tag behind', { timeout: 60_000 }, () =>
  checkTagged(100_000),
)
