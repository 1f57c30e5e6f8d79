/** An HTTP API whose answers are public unless somebody asks with credentials. */
import { verbs } from '../actions.ts'
import type { Req } from '../context.ts'
import type { HookAction } from '../legal.ts'
import type { Policy } from '../policy.ts'
import { purgeByPattern } from './dialects.ts'
import { type PresetOptions, site } from './site.ts'

export interface ApiOptions extends PresetOptions {
  /** Request fields that say who asks, beside `Authorization`, `X-Api-Key` and their kin: with one of them a request passes. */
  readonly credentials?: readonly string[]
}

const CREDENTIALS: readonly string[] = ['x-api-key', 'x-auth-token', 'x-access-token', 'x-csrf-token', 'x-user-id', 'api-key']
const CREDENTIAL_PARAMETERS = [/^(?:api_?key|access_?token|auth_?token|token|signature|sig|key)$/i]

/**
 * `export default api()`. What says how long it is good for is kept so long; nothing else is. Who asks with credentials, a key in the URL or
 * any cookie passes.
 */
export function api(options: ApiOptions = {}): Policy {
  const credentials = [...CREDENTIALS, ...(options.credentials ?? []).map((name) => name.toLowerCase())]
  return site(
    {
      name: 'api',
      pass: [],
      passParameters: CREDENTIAL_PARAMETERS,
      personal: [],
      others: 'pass',
      ttl: 0,
      grace: '10s',
      staleIfError: '1h',
      recv: (req) => credentialed(req, credentials),
      dialect: purgeOf,
    },
    options,
    ['credentials'],
  )
}

function credentialed({ headers }: Req, fields: readonly string[]): HookAction<'recv'> | undefined {
  return fields.some((name) => headers.hasLower(name)) ? verbs.pass() : undefined
}

/** API Platform's `BAN` with a pattern on `Cache-Tags`; `PURGE` with `xkey` or `Surrogate-Key` needs nothing here. */
function purgeOf({ method, headers }: Req): HookAction<'recv'> | undefined {
  return method === 'BAN' ? purgeByPattern(headers, 'apiplatform-ban-regex', 'cache-tags') : undefined
}
