/** `backend` and `probe` as constants of the policy. */
import type { CheckedBackend, CheckedProbe } from '../checked-ast.ts'
import { commentLines, leadingLines, trailingText } from './comments.ts'
import { bytes, key, number, quoted } from './javascript.ts'
import { type PolicyModule, Refusal } from './module.ts'

const PORTS: Readonly<Record<string, string>> = { http: '80', https: '443', 'http-alt': '8080' }

/** One option of an object, with what was said of it. */
interface Option {
  readonly name: string
  readonly value: string
  readonly vcl: string
}

export function emitBackend(declared: CheckedBackend, module: PolicyModule): readonly string[] {
  refuseWhatIsMissing(declared)
  const url = urlOf(declared)
  const options = backendOptions(declared, module)
  const name = module.backend(declared.name)
  module.choices.push(declared.name)
  const head = `const ${name} = ${module.use('backend')}(${quoted(url)}`
  const lines = options.length === 0 ? [`${head})`] : objectLines(`${head}, `, options, declared.attributeComments, ')')
  const ofAddress = ['host', 'port', 'path'].flatMap((attribute) => {
    const said = declared.attributeComments.get(attribute)
    return said === undefined ? [] : commentLines([...said.leading, ...said.trailing])
  })
  return [...leadingLines(declared), ...ofAddress, ...withTrailing(lines, trailingText(declared))]
}

export function emitProbe(declared: CheckedProbe, module: PolicyModule): readonly string[] {
  const name = module.names.of(declared.name ?? 'probe', 'probe')
  const head = `const ${name}: ${module.useType('ProbeOptions')} = `
  const lines = objectLines(head, probeOptions(declared), declared.attributeComments, '')
  return [...leadingLines(declared), ...withTrailing(lines, trailingText(declared))]
}

function refuseWhatIsMissing({ span, preamble, via, authority, path }: CheckedBackend): void {
  if (preamble !== null) throw new Refusal(span, '.preamble has no counterpart', 'proxyHeader begins a connection with the PROXY protocol')
  if (via !== null || authority !== null) throw new Refusal(span, '.via has no counterpart', 'https://host:port speaks TLS itself')
  if (path?.startsWith('@') === true) throw new Refusal(span, 'abstract sockets are not supported', 'give the socket a path')
}

function urlOf({ none, path, host, port, ssl }: CheckedBackend): string {
  if (none) return 'none'
  if (path !== null) return `unix:${path}`
  const secure = ssl === true
  const number = PORTS[port ?? ''] ?? port ?? (secure ? '443' : '80')
  const shown = host?.includes(':') === true ? `[${host}]` : (host ?? '')
  return `${secure ? 'https' : 'http'}://${shown}${number === (secure ? '443' : '80') && port === null ? '' : `:${number}`}`
}

function backendOptions(backend: CheckedBackend, module: PolicyModule): readonly Option[] {
  const options: Option[] = []
  const add = (name: string, vcl: string, value: string | null): void => {
    if (value !== null) options.push({ name, vcl, value })
  }
  add('hostHeader', 'host_header', backend.hostHeader === null ? null : quoted(bytes(backend.hostHeader)))
  add('connectTimeout', 'connect_timeout', positive(backend.connectTimeout))
  add('firstByteTimeout', 'first_byte_timeout', positive(backend.firstByteTimeout))
  add('betweenBytesTimeout', 'between_bytes_timeout', positive(backend.betweenBytesTimeout))
  add('maxConnections', 'max_connections', positive(backend.maxConnections))
  // One too many fails at once in Varnish, unless it may wait.
  const waits = backend.waitLimit ?? (positive(backend.maxConnections) === null ? null : 0)
  add('waitLimit', 'wait_limit', waits === null ? null : String(waits))
  add('waitTimeout', 'wait_timeout', positive(backend.waitTimeout))
  add('proxyHeader', 'proxy_header', backend.proxyHeader === null ? null : String(backend.proxyHeader))
  add('tls', 'ssl', tlsOf(backend))
  const { probe } = backend
  if (probe !== null && probe.name !== null) add('probe', 'probe', module.names.of(probe.name, 'probe'))
  else if (probe !== null)
    add(
      'probe',
      'probe',
      `{ ${probeOptions(probe)
        .map(({ name, value }) => `${name}: ${value}`)
        .join(', ')} }`,
    )
  return options
}

function tlsOf({ ssl, sslSni, sslNoverify, sslVerifyPeer, sslVerifyHost }: CheckedBackend): string | null {
  if (ssl !== true) return null
  const options = [
    ...(sslSni === null ? [] : [`serverName: ${quoted(sslSni)}`]),
    ...(sslNoverify === true || sslVerifyPeer === false || sslVerifyHost === false ? ['verify: false'] : []),
  ]
  return options.length === 0 ? null : `{ ${options.join(', ')} }`
}

function probeOptions(probe: CheckedProbe): readonly Option[] {
  const options: Option[] = []
  const add = (name: string, vcl: string, value: string | null): void => {
    if (value !== null) options.push({ name, vcl, value })
  }
  add('path', 'url', probe.url === null ? null : quoted(probe.url))
  add('request', 'request', probe.request === null ? null : requestOf(probe.request))
  add('expected', 'expected_response', text(probe.expectedResponse))
  add('interval', 'interval', text(probe.interval))
  add('timeout', 'timeout', text(probe.timeout))
  add('window', 'window', text(probe.window))
  add('threshold', 'threshold', text(probe.threshold))
  add('initial', 'initial', text(probe.initial))
  return options
}

function requestOf([first = 'GET /', ...fields]: readonly string[]): string {
  const [method = 'GET', url = '/'] = first.trim().split(/\s+/)
  const headers = fields.flatMap((field) => {
    const at = field.indexOf(':')
    const name = field.slice(0, at).trim()
    // Every probe ends its connection.
    return at <= 0 || /^connection$/i.test(name) ? [] : [`${key(name)}: ${quoted(bytes(field.slice(at + 1).trim()))}`]
  })
  const list = headers.length === 0 ? '' : `, headers: { ${headers.join(', ')} }`
  return `{ method: ${quoted(method)}, url: ${quoted(url)}${list} }`
}

/** Nothing, in VCL, is the default. */
function positive(value: number | null): string | null {
  return value === null || value <= 0 ? null : number(value).code
}

function text(value: number | null): string | null {
  return value === null ? null : number(value).code
}

function objectLines(
  head: string,
  options: readonly Option[],
  comments: CheckedBackend['attributeComments'],
  end: string,
): readonly string[] {
  const all = options.flatMap(({ name, value, vcl }) => {
    const said = comments.get(vcl)
    const line = `${name === value ? name : `${name}: ${value}`},`
    if (said === undefined) return [line]
    return [...leadingLines({ leading: said.leading, inner: [] }), `${line}${trailingText(said)}`]
  })
  const single = `${head}{ ${all.map((line) => line.replace(/,$/, '')).join(', ')} }${end}`
  const commented = all.some((line) => line.includes('// ') || line.startsWith('/*'))
  if (!commented && single.length <= 110) return [single]
  return [`${head}{`, ...all.map((line) => `  ${line}`), `}${end}`]
}

export function withTrailing(lines: readonly string[], trailing: string): readonly string[] {
  return trailing === '' ? lines : [...lines.slice(0, -1), `${lines.at(-1) ?? ''}${trailing}`]
}
