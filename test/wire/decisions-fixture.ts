/** The decisions of each preset, by name. */
import { type Decisions, decisionsFor } from '../../vcl-ts/builtin/decisions.ts'

export const safe: Decisions = decisionsFor('safe')
export const rfc9111: Decisions = decisionsFor('rfc9111')
export const varnish: Decisions = decisionsFor('varnish')
