/** VMOD str: odds of texts. */
import { call, member, method } from '../javascript.ts'
import type { Translations } from './call-use.ts'

export const STR: Translations = {
  count: (use) => member(use.text(0), 'length'),
  startswith: (use) => method(use.text(0), 'startsWith', [use.text(1)]),
  endswith: (use) => method(use.text(0), 'endsWith', [use.text(1)]),
  contains: (use) => method(use.text(0), 'includes', [use.text(1)]),
  reverse: (use) => call(use.lib('reversed'), [use.text(0)]),
  take: (use) => call(use.lib('taken'), [use.text(0), ...use.values(1, 3)]),
  split: (use) => call(use.lib('part'), [use.text(0), ...use.values(1, 3)], { unset: true }),
  token_intersect: (use) => call(use.lib('intersection'), [use.text(0), use.text(1), ...use.values(2, 3)]),
}
