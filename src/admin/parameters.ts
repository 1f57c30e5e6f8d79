/** Setting parameters, with a line in the event log. */
import type { ParamValue } from '../config/params.ts'
import type { AdminParts } from './parts.ts'

/** `null` sets it back to its default. Throws a `ParamError`. */
export function setParam({ params, log }: Pick<AdminParts, 'params' | 'log'>, name: string, value: string | number | null): ParamValue {
  const before = params.get(name).value
  const after = value === null ? params.reset(name) : params.set(name, value)
  if (after.value !== before) log.info({ event: 'param', param: name, before, after: after.value }, 'an operator set a parameter')
  return after
}
