/** The URL of a backend: where it is, and how it is spoken to. */

export interface BackendUrl {
  /** In one spelling. */
  readonly url: string
  /** What stands for it in `Host`: host, and port unless it is the scheme's own. */
  readonly authority: string
  /** Without brackets; of a service without its `_service._proto.` labels. Its name for TLS. */
  readonly name: string
  readonly host: string
  /** 0 where the address says more (a Unix socket, a service's records). */
  readonly port: number
  /** Of a Unix socket. */
  readonly path: string | null
  readonly secure: boolean
  /** Its SRV records tell hosts and ports. */
  readonly srv: boolean
  /** There is none: every request is answered 503. */
  readonly none: boolean
}

/** The longest path that a Unix socket's address holds, in bytes. */
const LONGEST_PATH = 107
const FORMS = 'http://host:port, https://host:port, srv+http://service, srv+https://service, unix:/path or none'

/** Throws a `TypeError` that shows neither user nor password. */
export function parseBackendUrl(url: string): BackendUrl {
  if (url === 'none') return { ...NOWHERE, url, authority: 'none', none: true }
  if (url.startsWith('unix:')) return unixSocket(url)
  const srv = url.startsWith('srv+')
  const text = srv ? url.slice('srv+'.length) : url
  const parsed = URL.canParse(text) ? new URL(text) : null
  const shown = JSON.stringify(url.replace(/\/\/[^/?#]*@/, '//***@'))
  if (parsed === null) throw new TypeError(`backend ${shown} is not a URL; write it as ${FORMS}`)
  if (parsed.protocol !== 'http:' && parsed.protocol !== 'https:')
    throw new TypeError(`backend ${shown}: scheme ${parsed.protocol} is not supported; write it as ${FORMS}`)
  if (parsed.username !== '' || parsed.password !== '') throw new TypeError(`backend ${shown}: a backend URL must not hold credentials`)
  if (parsed.pathname !== '/' || parsed.search !== '' || parsed.hash !== '')
    throw new TypeError(`backend ${shown} has a path or query; a backend is scheme, host and port`)
  if (srv && parsed.port !== '') throw new TypeError(`backend ${shown}: the port of a service comes from its SRV records; leave it out`)
  const secure = parsed.protocol === 'https:'
  const host = parsed.hostname.replace(/^\[|\]$/g, '')
  if (srv && /^[\d.]+$|:/.test(host)) throw new TypeError(`backend ${shown}: an address has no SRV records; give a name`)
  const name = host.replace(/^_[^.]+\._[^.]+\./, '')
  return {
    url: `${srv ? 'srv+' : ''}${parsed.protocol}//${parsed.host}`,
    authority: srv ? name : parsed.host,
    name,
    host,
    port: srv ? 0 : parsed.port !== '' ? Number(parsed.port) : secure ? 443 : 80,
    path: null,
    secure,
    srv,
    none: false,
  }
}

const NOWHERE = {
  authority: 'localhost',
  name: 'localhost',
  host: 'localhost',
  port: 0,
  path: null,
  secure: false,
  srv: false,
  none: false,
}

function unixSocket(url: string): BackendUrl {
  const path = url.slice('unix:'.length)
  if (!path.startsWith('/') || path.endsWith('/') || path.includes('\0'))
    throw new TypeError(`backend ${JSON.stringify(url)}: give the absolute path of a socket, such as unix:/run/app.sock`)
  if (new TextEncoder().encode(path).length > LONGEST_PATH)
    throw new TypeError(`backend ${JSON.stringify(url)}: the path of a socket has at most ${LONGEST_PATH} bytes`)
  return { ...NOWHERE, url, path }
}
