/** Policies by their names, as operators give them. */
import { nearest } from '../../vcl-ts/nearest.ts'
import type { Policies } from '../policy/policies.ts'
import { UnknownName } from './problem.ts'

/** The name, when a policy at hand has it. Throws an `UnknownName`. */
export function knownPolicy(policies: Pick<Policies, 'list'>, name: string): string {
  const names = policies.list().map((policy) => policy.name)
  if (names.includes(name)) return name
  const close = nearest(name, names)
  throw new UnknownName({
    what: `there is no policy ${JSON.stringify(name)}`,
    why: `there are ${names.join(', ')}`,
    how: close === null ? 'give one of them' : `did you mean ${close}?`,
  })
}
