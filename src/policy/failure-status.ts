/** The status that a failure gets: the catalogue's, unless the preset decides otherwise for what is the origin's fault. */
import type { Decisions } from '../../vcl-ts/builtin/decisions.ts'
import { FAULTS, type FaultCode } from '../errors.ts'

export function failureStatus(code: FaultCode, decisions: Decisions): number {
  if (code === 'bad_framing') return decisions.badCodingStatus
  const fault = FAULTS[code]
  return fault.source === 'origin' && decisions.unreachableStatus !== 'mapped' ? decisions.unreachableStatus : fault.status
}
