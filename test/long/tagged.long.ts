import { it } from 'vitest'
import { checkTagged } from '../object/tagged.ts'

it('keeps and purges a million tagged objects in slices, and leaves no tag behind', () => checkTagged(1_000_000))
