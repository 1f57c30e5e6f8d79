/**
 * The error catalogue: what can go wrong on the way of a request, by whose fault, with which status, and the error type that
 * `Proxy-Status` shows (RFC 9209 §2.3).
 */

export type FaultSource = 'client' | 'origin' | 'policy' | 'internal'

export interface Fault {
  readonly source: FaultSource
  readonly status: number
  readonly proxyStatus: string
  /** In a client's words. */
  readonly text: string
}

function fault(source: FaultSource, status: number, proxyStatus: string, text: string): Fault {
  return Object.freeze({ source, status, proxyStatus, text })
}

/** Named outcomes; `fetch_fail_total{reason}` counts them. `Proxy-Status` error types (RFC 9209 §2.3) are derived from them. */
export type OriginFailureCode =
  | 'connect_refused'
  | 'connect_timeout'
  | 'connect_failed'
  | 'dns'
  | 'tls_untrusted'
  | 'tls_name'
  | 'tls_expired'
  | 'tls_handshake'
  | 'tls_setup'
  | 'pool_full'
  | 'unhealthy'
  | 'closed_before_answer'
  | 'first_byte_timeout'
  | 'between_bytes_timeout'
  | 'incomplete'
  | 'reset'
  | 'malformed_head'
  | 'head_too_large'
  | 'bad_framing'
  | 'bad_chunk'
  | 'bad_status'
  | 'too_many_interim'
  | 'unexpected_upgrade'
  | 'request_body_failed'
  | 'request_refused'
  | 'cancelled'

export type FaultCode =
  | OriginFailureCode
  | 'unexpected_206'
  | 'origin_error'
  | 'unexpected_304'
  | 'slice_changed'
  | 'response_refused'
  | 'policy'
  | 'abandoned'
  | 'no_backend'
  | 'too_many_restarts'
  | 'too_many_retries'
  | 'wait_limit'
  | 'wait_timeout'
  | 'only_if_cached'
  | 'loop'
  | 'internal'

export const FAULTS: Readonly<Record<FaultCode, Fault>> = {
  connect_refused: fault('origin', 502, 'connection_refused', 'the origin server refused the connection'),
  connect_timeout: fault('origin', 504, 'connection_timeout', 'the origin server could not be reached in time'),
  connect_failed: fault('origin', 502, 'destination_unavailable', 'the origin server could not be reached'),
  dns: fault('origin', 502, 'dns_error', 'the origin server’s name could not be resolved'),
  tls_untrusted: fault('origin', 502, 'tls_certificate_error', 'nobody who is trusted vouches for the origin server’s certificate'),
  tls_name: fault('origin', 502, 'tls_certificate_error', 'the origin server’s certificate is for another name'),
  tls_expired: fault('origin', 502, 'tls_certificate_error', 'the origin server’s certificate is not valid now'),
  tls_handshake: fault('origin', 502, 'tls_protocol_error', 'no secure connection to the origin server came about'),
  tls_setup: fault('policy', 503, 'proxy_configuration_error', 'the certificate or key for the origin server cannot be used'),
  pool_full: fault('origin', 503, 'connection_limit_reached', 'too many requests to the origin server are under way'),
  unhealthy: fault('origin', 503, 'destination_unavailable', 'the origin server is marked sick'),
  closed_before_answer: fault('origin', 502, 'connection_terminated', 'the origin server closed the connection without an answer'),
  first_byte_timeout: fault('origin', 504, 'connection_read_timeout', 'the origin server did not answer in time'),
  between_bytes_timeout: fault('origin', 504, 'connection_read_timeout', 'the origin server stopped sending'),
  incomplete: fault('origin', 502, 'http_response_incomplete', 'the origin server’s answer broke off'),
  reset: fault('origin', 502, 'connection_terminated', 'the origin server reset the connection'),
  malformed_head: fault('origin', 502, 'http_protocol_error', 'the origin server’s answer is malformed'),
  head_too_large: fault('origin', 502, 'http_response_header_section_size', 'the origin server’s answer has too large a header'),
  bad_framing: fault('origin', 502, 'http_protocol_error', 'the length of the origin server’s answer is ambiguous'),
  bad_chunk: fault('origin', 502, 'http_protocol_error', 'the origin server’s answer is malformed'),
  bad_status: fault('origin', 502, 'http_protocol_error', 'the origin server’s answer has no valid status'),
  too_many_interim: fault('origin', 502, 'http_protocol_error', 'the origin server sent too many interim answers'),
  unexpected_upgrade: fault('origin', 502, 'http_upgrade_failed', 'the origin server changed the protocol without being asked'),
  unexpected_206: fault('origin', 502, 'http_protocol_error', 'the origin server answered with a part of what was asked for'),
  origin_error: fault('origin', 502, 'proxy_internal_response', 'the origin server answered with an error'),
  unexpected_304: fault('origin', 502, 'http_protocol_error', 'the origin server answered 304 to an unconditional request'),
  slice_changed: fault(
    'origin',
    502,
    'http_protocol_error',
    'the origin server’s file is another than the part of it that was fetched before',
  ),
  request_body_failed: fault('client', 400, 'http_request_error', 'the request’s body broke off'),
  request_refused: fault('policy', 500, 'proxy_internal_error', 'the policy made a request that cannot be sent'),
  response_refused: fault('policy', 500, 'proxy_internal_error', 'the policy made an answer that cannot be sent'),
  cancelled: fault('internal', 503, 'proxy_internal_response', 'the request was given up'),
  policy: fault('policy', 503, 'proxy_internal_error', 'the policy failed'),
  abandoned: fault('policy', 503, 'proxy_internal_response', 'the policy gave the request up'),
  no_backend: fault('policy', 503, 'destination_not_found', 'no origin server is configured for this request'),
  too_many_restarts: fault('policy', 503, 'proxy_loop_detected', 'the policy began this request anew too often'),
  too_many_retries: fault('policy', 503, 'proxy_internal_response', 'the origin was asked too often'),
  wait_limit: fault('internal', 503, 'connection_limit_reached', 'too many requests wait for this page'),
  wait_timeout: fault('internal', 504, 'connection_read_timeout', 'the page took too long'),
  only_if_cached: fault('client', 504, 'proxy_internal_response', 'the request accepts only a stored answer, and none is stored'),
  loop: fault(
    'client',
    508,
    'proxy_loop_detected',
    'this request has passed here before; give each instance that stands behind another a --name of its own',
  ),
  internal: fault('internal', 500, 'proxy_internal_error', 'an internal error'),
}

/** A named failure on its way to the client. */
export class RequestFailure extends Error {
  readonly code: FaultCode
  /** An answer of the origin that was well-formed but not wanted (a 5xx where stale-if-error applies). */
  readonly wellFormed: boolean

  constructor(code: FaultCode, detail: string = FAULTS[code].text, wellFormed: boolean = false) {
    super(detail)
    this.name = 'RequestFailure'
    this.code = code
    this.wellFormed = wellFormed
  }

  get status(): number {
    return FAULTS[this.code].status
  }
}
