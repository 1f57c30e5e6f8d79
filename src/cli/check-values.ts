/** Checks before the start what the option table alone cannot: addresses, address blocks and the origin. Each throws a `ConfigError`. */
import { adminAddress } from '../admin/server.ts'
import { ConfigError } from '../config/config-error.ts'
import type { OptionValues } from '../config/options.ts'
import { applyParams, Params } from '../config/params.ts'
import { resolveSettings } from '../config/resolve.ts'
import { parseListenAddress } from '../listen/address.ts'
import { trustList } from '../wire/ip.ts'
import { originBackend } from './origin-backend.ts'

export function checkValues(values: OptionValues): void {
  for (const address of values.listen) checkListen(address)
  for (const block of values.trust) checkTrust(block)
  if (values.admin !== null) adminAddress(values.admin, values.adminToken !== null)
  for (const origin of values.origin ?? []) originBackend(origin, values)
  applyParams(new Params(resolveSettings({ preset: values.preset })), values.params)
  if (values.policy !== null && values.vcl !== null)
    throw new ConfigError({ what: '--vcl cannot be used', why: 'there is a policy already, --policy', how: 'give one of the two' })
  if (values.watch && values.policy === null && values.vcl === null)
    throw new ConfigError({ what: '--watch cannot be used', why: 'there is no policy file to watch', how: 'name it with --policy FILE' })
}

function checkListen(address: string): void {
  try {
    parseListenAddress(address)
  } catch {
    throw new ConfigError({
      what: `--listen ${JSON.stringify(address)} cannot be used`,
      why: 'it is neither host:port nor a socket path',
      how: 'write it as 127.0.0.1:8080, :8080 for all addresses, [::1]:8080 or unix:/path',
    })
  }
}

function checkTrust(block: string): void {
  try {
    trustList([block])
  } catch {
    throw new ConfigError({
      what: `--trust ${JSON.stringify(block)} cannot be used`,
      why: 'it is not an address block',
      how: 'write it as 10.0.0.0/8, 192.0.2.1 or fd00::/8',
    })
  }
}
