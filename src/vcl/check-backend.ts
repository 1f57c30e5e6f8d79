/** Backends and probes. */

import { addressBytes } from './addresses.ts'
import type { Annotated, Attribute, BackendDeclaration, Comment, ProbeDeclaration } from './ast.ts'
import { type AttributeKind, Attributes } from './check-attributes.ts'
import type { CheckedBackend, CheckedProbe } from './checked-ast.ts'
import type { Checking } from './checking.ts'

const BACKEND_ATTRIBUTES: Readonly<Record<string, AttributeKind>> = {
  host: 'text',
  port: 'text',
  path: 'text',
  host_header: 'text',
  connect_timeout: 'duration',
  first_byte_timeout: 'duration',
  between_bytes_timeout: 'duration',
  max_connections: 'count',
  wait_limit: 'count',
  wait_timeout: 'duration',
  proxy_header: 'count',
  preamble: 'blob',
  via: 'backend',
  authority: 'text',
  probe: 'probe',
  ssl: 'flag',
  ssl_sni: 'flag or text',
  ssl_nosni: 'flag',
  ssl_noverify: 'flag',
  ssl_verify_peer: 'flag',
  ssl_verify_host: 'flag',
}

const PROBE_ATTRIBUTES: Readonly<Record<string, AttributeKind>> = {
  url: 'text',
  request: 'lines',
  expected_response: 'count',
  timeout: 'duration',
  interval: 'duration',
  window: 'count',
  threshold: 'count',
  initial: 'count',
  expect_close: 'truth',
}

/** `probes`: what was declared, already checked. */
export function checkBackend(
  checking: Checking,
  declaration: BackendDeclaration,
  probes: ReadonlyMap<string, CheckedProbe>,
): CheckedBackend {
  const attributes = new Attributes(checking, 'a backend', declaration.attributes ?? [], BACKEND_ATTRIBUTES)
  refuseWrongEndpoint(checking, declaration, attributes)
  const { name, closing, span, leading, trailing, inner, blankBefore } = declaration
  const sni = attributes.flag('ssl_sni')
  const endpoint = endpointOf(attributes)
  return {
    kind: 'backend',
    name: name.name,
    none: declaration.attributes === null,
    host: endpoint.host,
    port: endpoint.port,
    path: attributes.text('path'),
    hostHeader: attributes.text('host_header'),
    connectTimeout: attributes.number('connect_timeout'),
    firstByteTimeout: attributes.number('first_byte_timeout'),
    betweenBytesTimeout: attributes.number('between_bytes_timeout'),
    maxConnections: attributes.number('max_connections'),
    waitLimit: attributes.number('wait_limit'),
    waitTimeout: attributes.number('wait_timeout'),
    proxyHeader: attributes.number('proxy_header', 1, 2) as 1 | 2 | null,
    preamble: attributes.blob('preamble'),
    via: viaOf(checking, attributes),
    authority: attributes.text('authority'),
    probe: probeOf(checking, declaration, attributes, probes),
    ssl: attributes.flag('ssl'),
    sslSni: attributes.text('ssl_sni'),
    sslNosni: attributes.flag('ssl_nosni') ?? (sni === false ? true : null),
    sslNoverify: attributes.flag('ssl_noverify'),
    sslVerifyPeer: attributes.flag('ssl_verify_peer'),
    sslVerifyHost: attributes.flag('ssl_verify_host'),
    closing,
    attributeComments: attributes.comments,
    span,
    leading,
    trailing,
    inner,
    blankBefore,
  }
}

function refuseWrongEndpoint(checking: Checking, { name, attributes: given }: BackendDeclaration, attributes: Attributes): void {
  if (given === null) return
  const { host, port } = endpointOf(attributes)
  const path = attributes.text('path')
  if (!given.some((attribute) => attribute.name.name === 'host' || attribute.name.name === 'path'))
    checking.complain(name.span, `the backend ‘${name.name}’ has neither .host nor .path`, 'add .host = "192.0.2.1";')
  if (host !== null && !/^[A-Za-z0-9_.:%-]+$/.test(host))
    checking.complain(
      attributes.spanOf('host') ?? name.span,
      `${JSON.stringify(host)} is no host: a name or an address`,
      /^https?:\/\//.test(host) ? 'leave out the scheme and the path' : null,
    )
  if (port !== null && !(/^\d{1,5}$/.test(port) ? Number(port) <= 65_535 : /^[a-z][a-z0-9-]*$/i.test(port)))
    checking.complain(attributes.spanOf('port') ?? name.span, `${JSON.stringify(port)} is no port`, null)
  if (path === null) return
  const span = attributes.spanOf('path') ?? name.span
  if (checking.version === '4.0') checking.complain(span, '.path is there from VCL 4.1 on', 'begin the file with vcl 4.1;')
  if (!/^[/@]./.test(path)) checking.complain(span, 'the path of a socket begins with / or @', null)
  if (host !== null) checking.complain(span, 'a backend has .host or .path, not both', null)
  if (attributes.name('via') !== null) checking.complain(span, 'a backend has .via or .path, not both', null)
}

/** A host may bring its port: `[::1]:8080`, `192.0.2.1:8080`, `www 8080`. */
function endpointOf(attributes: Attributes): { readonly host: string | null; readonly port: string | null } {
  const written = attributes.text('host')
  if (written !== null && addressBytes(written) !== null) return { host: written, port: attributes.text('port') }
  const [, bracketed, plain, port] = /^(?:\[([0-9a-fA-F:.]+)\]|([^\s:[\]]+))(?:(?::|\s+)([\w-]+))?$/.exec(written ?? '') ?? []
  return { host: bracketed ?? plain ?? written, port: port ?? attributes.text('port') }
}

function viaOf(checking: Checking, attributes: Attributes): string | null {
  const via = attributes.name('via')
  if (via === null) return null
  const span = attributes.spanOf('via')
  if (span !== null && !checking.symbols.backends.has(via)) checking.complain(span, `there is no backend ‘${via}’`, null)
  checking.referred.add(via)
  const stacked = checking.symbols.backends.get(via)?.attributes?.some(({ name }) => name.name === 'via')
  if (span !== null && stacked === true) checking.complain(span, `‘${via}’ has a .via of its own, and they do not stack`, null)
  const authority = attributes.text('authority') ?? attributes.text('host_header') ?? attributes.text('host')
  if (span !== null && authority !== null && addressBytes(authority) !== null)
    checking.complain(span, `with .via the authority is a name, not ${authority}`, 'add .authority = "www.example";')
  return via
}

function probeOf(
  checking: Checking,
  declaration: BackendDeclaration,
  attributes: Attributes,
  probes: ReadonlyMap<string, CheckedProbe>,
): CheckedProbe | null {
  const body = attributes.probe('probe')
  if (body !== null) return probe(checking, null, body.attributes, body.closing, { ...NO_COMMENTS, span: body.span })
  const name = attributes.name('probe')
  // `probe default` is every backend's that names none.
  if (name === null) return declaration.attributes === null ? null : (probes.get('default') ?? null)
  const span = attributes.spanOf('probe')
  if (span !== null && !checking.symbols.probes.has(name)) checking.complain(span, `there is no probe ‘${name}’`, null)
  checking.referred.add(name)
  return probes.get(name) ?? null
}

const NO_COMMENTS = { leading: [], trailing: [], inner: [], blankBefore: false } as const

export function checkProbe(checking: Checking, declaration: ProbeDeclaration): CheckedProbe {
  const { name, attributes, closing, span, leading, trailing, inner, blankBefore } = declaration
  return probe(checking, name.name, attributes, closing, { span, leading, trailing, inner, blankBefore })
}

function probe(
  checking: Checking,
  name: string | null,
  given: readonly Attribute[],
  closing: readonly Comment[],
  annotated: Annotated,
): CheckedProbe {
  const attributes = new Attributes(checking, 'a probe', given, PROBE_ATTRIBUTES)
  const request = attributes.spanOf('request')
  if (request !== null && attributes.spanOf('url') !== null) checking.complain(request, 'a probe has .url or .request, not both', null)
  const window = attributes.number('window', 1, 64)
  const threshold = attributes.number('threshold', 1, 64)
  const windowSpan = attributes.spanOf('window')
  if (windowSpan !== null && attributes.spanOf('threshold') === null)
    checking.complain(windowSpan, '.window needs .threshold beside it', null)
  if (threshold !== null && window !== null && threshold > window)
    checking.complain(attributes.spanOf('threshold') ?? annotated.span, '.threshold cannot be greater than .window', null)
  return {
    ...annotated,
    kind: 'probe',
    name,
    url: attributes.text('url'),
    request: attributes.lines('request'),
    expectedResponse: attributes.number('expected_response', 100, 999),
    timeout: attributes.number('timeout'),
    interval: attributes.number('interval'),
    window: window ?? (threshold === null ? null : Math.min(64, threshold + 1)),
    threshold,
    initial: attributes.number('initial'),
    expectClose: attributes.flag('expect_close'),
    closing,
    attributeComments: attributes.comments,
  }
}
