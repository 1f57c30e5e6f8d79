/** The Proxy-Status field (RFC 9209), for answers that this cache makes because something went wrong. */

/** Error types of RFC 9209 §2.3. */
export type ProxyError =
  | 'dns_timeout'
  | 'dns_error'
  | 'destination_not_found'
  | 'destination_unavailable'
  | 'destination_ip_prohibited'
  | 'destination_ip_unroutable'
  | 'connection_refused'
  | 'connection_terminated'
  | 'connection_timeout'
  | 'connection_read_timeout'
  | 'connection_write_timeout'
  | 'connection_limit_reached'
  | 'tls_protocol_error'
  | 'tls_certificate_error'
  | 'tls_alert_received'
  | 'http_request_error'
  | 'http_request_denied'
  | 'http_response_incomplete'
  | 'http_response_header_section_size'
  | 'http_response_header_size'
  | 'http_response_body_size'
  | 'http_response_trailer_section_size'
  | 'http_response_trailer_size'
  | 'http_response_transfer_coding'
  | 'http_response_content_coding'
  | 'http_response_timeout'
  | 'http_upgrade_failed'
  | 'http_protocol_error'
  | 'proxy_internal_response'
  | 'proxy_internal_error'
  | 'proxy_configuration_error'
  | 'proxy_loop_detected'

/** `name` must be a Structured Fields token. `details` becomes an sf-string: what is not printable ASCII is shown as `?`. */
export function proxyStatus(name: string, error: ProxyError, details?: string): string {
  const status = `${name}; error=${error}`
  if (details === undefined) return status
  return `${status}; details="${details.replace(/[^\x20-\x7e]/g, '?').replace(/["\\]/g, '\\$&')}"`
}
