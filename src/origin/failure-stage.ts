/** How far a request got that failed: what is counted of it, and whether another try makes sense, follows from that. */
import type { OriginFailureCode } from '../errors.ts'

export type FailureStage =
  | 'unreached' // there was no connection for it
  | 'lost' // the connection ended under it
  | 'slow' // the answer, or the rest of it, did not come in time
  | 'head' // the head of the answer is not what HTTP allows
  | 'body' // the body is not
  | 'upgrade' // the protocol was changed without being asked
  | 'ours' // it was not the origin's doing

const STAGES: Readonly<Record<OriginFailureCode, FailureStage>> = {
  connect_refused: 'unreached',
  connect_timeout: 'unreached',
  connect_failed: 'unreached',
  dns: 'unreached',
  tls_untrusted: 'unreached',
  tls_name: 'unreached',
  tls_expired: 'unreached',
  tls_handshake: 'unreached',
  tls_setup: 'unreached',
  pool_full: 'unreached',
  unhealthy: 'unreached',
  closed_before_answer: 'lost',
  incomplete: 'lost',
  reset: 'lost',
  first_byte_timeout: 'slow',
  between_bytes_timeout: 'slow',
  malformed_head: 'head',
  head_too_large: 'head',
  bad_framing: 'head',
  bad_status: 'head',
  too_many_interim: 'head',
  bad_chunk: 'body',
  unexpected_upgrade: 'upgrade',
  request_body_failed: 'ours',
  request_refused: 'ours',
  cancelled: 'ours',
}

export function failureStage(code: OriginFailureCode): FailureStage {
  return STAGES[code]
}
