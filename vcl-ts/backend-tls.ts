/** How a backend is spoken to over TLS, as data. Files are read by the server. */

export interface TlsOptions {
  /** Who is trusted to vouch for the origin: PEM text or the path of a file, one or several. Default: the system's authorities, or Node's where it has none. */
  readonly ca?: string | readonly string[]
  /** The certificate that is shown to the origin, with its chain: PEM text or a file's path. Only together with `key`. */
  readonly cert?: string
  /** Its private key: PEM text or a file's path. */
  readonly key?: string
  /** Of an encrypted key. */
  readonly passphrase?: string
  /** The name that the origin's certificate has to hold, also asked for (SNI). Default: the host of `hostHeader`, else of the URL. */
  readonly serverName?: string
  /** Default `true`. `false`: whoever answers is believed to be the origin; the connection is encrypted, and that is all. */
  readonly verify?: boolean
}

/** What of it is in force. */
export interface BackendTls {
  /** `null`: the system's authorities. */
  readonly ca: readonly string[] | null
  readonly cert: string | null
  readonly key: string | null
  readonly passphrase: string | null
  /** A host name or an address. */
  readonly serverName: string
  readonly verify: boolean
}

const KEYS: readonly string[] = ['ca', 'cert', 'key', 'passphrase', 'serverName', 'verify'] satisfies (keyof TlsOptions)[]
const NAME = /^[0-9A-Za-z_:.-]{1,253}$/

/** `host` is the name when no other is given. Throws a `TypeError`; no message holds a key or passphrase. */
export function backendTls(options: TlsOptions, host: string): BackendTls {
  for (const key of Object.keys(options))
    if (!KEYS.includes(key)) throw new TypeError(`tls has no option ${JSON.stringify(key)}; it has ${KEYS.join(', ')}`)
  const { cert, key, passphrase, verify = true } = options
  const ca = options.ca === undefined ? null : Object.freeze([options.ca].flat())
  if (ca?.length === 0) throw new TypeError('tls.ca is empty, so that nobody would be trusted; leave it out for the system’s authorities')
  for (const text of ca ?? []) checkText('ca', text)
  if (cert !== undefined) checkText('cert', cert)
  if (key !== undefined) checkText('key', key)
  if ((cert === undefined) !== (key === undefined)) throw new TypeError('tls.cert and tls.key belong together; give both or neither')
  if (passphrase !== undefined && key === undefined) throw new TypeError('tls.passphrase is of no use without tls.key')
  if (typeof verify !== 'boolean') throw new TypeError('tls.verify must be true or false')
  // A certificate holds the name without the root's dot (RFC 6066 §3).
  const serverName = options.serverName ?? host.replace(/\.$/, '')
  if (typeof serverName !== 'string' || !NAME.test(serverName))
    throw new TypeError(`tls.serverName ${JSON.stringify(serverName)} is not a host name or address`)
  return Object.freeze({ ca, cert: cert ?? null, key: key ?? null, passphrase: passphrase ?? null, serverName, verify })
}

function checkText(name: string, text: unknown): void {
  if (typeof text !== 'string' || text.trim() === '' || text.includes('\0'))
    throw new TypeError(`tls.${name} must be PEM text (-----BEGIN …) or the path of a file with it`)
}
