/** The backend that the command line names, with what it says of TLS. */
import { type Backend, backend } from '../../vcl-ts/backend.ts'
import type { TlsOptions } from '../../vcl-ts/backend-tls.ts'
import { ConfigError } from '../config/config-error.ts'
import type { OptionValues } from '../config/options.ts'

type OriginTls = Pick<OptionValues, 'originCa' | 'originCert' | 'originKey' | 'originInsecure'>

/** Throws a `ConfigError`, which shows neither user nor password. */
export function originBackend(origin: string, values: OriginTls): Backend {
  const shown = JSON.stringify(origin.replace(/\/\/[^/?#]*@/, '//***@'))
  const complain = (why: string, how: string): never => {
    throw new ConfigError({ what: `the origin ${shown} cannot be used`, why, how })
  }
  const tls = tlsOf(values)
  const secure = /^(?:srv\+)?https:/.test(origin)
  if (!secure && Object.keys(tls).length > 0)
    complain(
      '--origin-ca, --origin-cert, --origin-key and --origin-insecure are for TLS',
      'write the origin as https://host:port, or leave them out',
    )
  const url = URL.canParse(origin) ? new URL(origin) : null
  if (url !== null && (url.username !== '' || url.password !== ''))
    complain('it holds user and password', 'leave them out; what clients send is forwarded')
  if (url !== null && /^https?:$/.test(url.protocol) && (url.pathname !== '/' || url.search !== '' || url.hash !== ''))
    complain('it has a path, query or fragment, but an origin is a server', `leave off what follows ${url.host}`)
  try {
    return backend(origin, secure ? { tls } : {})
  } catch (error) {
    return complain(
      error instanceof Error ? error.message : String(error),
      'write it as http://host:port, https://host:port, srv+http://service or unix:/path',
    )
  }
}

function tlsOf({ originCa, originCert, originKey, originInsecure }: OriginTls): TlsOptions {
  return {
    ...(originCa === null ? {} : { ca: originCa }),
    ...(originCert === null ? {} : { cert: originCert }),
    ...(originKey === null ? {} : { key: originKey }),
    ...(originInsecure ? { verify: false } : {}),
  }
}
