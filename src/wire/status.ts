/** What a status code means to a cache (RFC 9110 §15, RFC 9111 §3). */

const PHRASES: Readonly<Record<number, string>> = {
  100: 'Continue',
  101: 'Switching Protocols',
  102: 'Processing',
  103: 'Early Hints',
  200: 'OK',
  201: 'Created',
  202: 'Accepted',
  203: 'Non-Authoritative Information',
  204: 'No Content',
  205: 'Reset Content',
  206: 'Partial Content',
  207: 'Multi-Status',
  208: 'Already Reported',
  226: 'IM Used',
  300: 'Multiple Choices',
  301: 'Moved Permanently',
  302: 'Found',
  303: 'See Other',
  304: 'Not Modified',
  305: 'Use Proxy',
  307: 'Temporary Redirect',
  308: 'Permanent Redirect',
  400: 'Bad Request',
  401: 'Unauthorized',
  402: 'Payment Required',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  406: 'Not Acceptable',
  407: 'Proxy Authentication Required',
  408: 'Request Timeout',
  409: 'Conflict',
  410: 'Gone',
  411: 'Length Required',
  412: 'Precondition Failed',
  413: 'Content Too Large',
  414: 'URI Too Long',
  415: 'Unsupported Media Type',
  416: 'Range Not Satisfiable',
  417: 'Expectation Failed',
  421: 'Misdirected Request',
  422: 'Unprocessable Content',
  423: 'Locked',
  424: 'Failed Dependency',
  425: 'Too Early',
  426: 'Upgrade Required',
  428: 'Precondition Required',
  429: 'Too Many Requests',
  431: 'Request Header Fields Too Large',
  451: 'Unavailable For Legal Reasons',
  500: 'Internal Server Error',
  501: 'Not Implemented',
  502: 'Bad Gateway',
  503: 'Service Unavailable',
  504: 'Gateway Timeout',
  505: 'HTTP Version Not Supported',
  506: 'Variant Also Negotiates',
  507: 'Insufficient Storage',
  508: 'Loop Detected',
  511: 'Network Authentication Required',
}

const HEURISTIC: ReadonlySet<number> = new Set([200, 203, 204, 206, 300, 301, 308, 404, 405, 410, 414, 501])
const VARNISH: ReadonlySet<number> = new Set([200, 203, 204, 300, 301, 304, 404, 410, 414])

/** The registered reason phrase, or `''`, which is legal on the wire (RFC 9112 §4). */
export function reasonPhrase(status: number): string {
  return PHRASES[status] ?? ''
}

/** Whether a lifetime may be made up for this status (RFC 9110 §15.1). */
export function isHeuristicallyCacheable(status: number): boolean {
  return HEURISTIC.has(status)
}

/** Whether this cache knows the status's own rules, as `must-understand` asks (RFC 9111 §5.2.2.3): the registered final statuses. */
export function isUnderstood(status: number): boolean {
  return status >= 200 && PHRASES[status] !== undefined
}

/** Varnish's status list: 302 and 307 only with explicit freshness (VCL `beresp.ttl` of the rest is −1). */
export function varnishStorable(status: number, explicit: boolean): boolean {
  return VARNISH.has(status) || (explicit && (status === 302 || status === 307))
}
