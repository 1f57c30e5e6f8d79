/** Checks before the start what the option table alone cannot: addresses, address blocks and the origin. Each throws a `ConfigError`. */
import { adminAddress } from '../admin/server.ts'
import { ConfigError } from '../config/config-error.ts'
import { OPTIONS, type OptionValues } from '../config/options.ts'
import { applyParams, Params } from '../config/params.ts'
import { resolveSettings } from '../config/resolve.ts'
import { parseListenAddress } from '../listen/address.ts'
import { redisTarget } from '../redis/address.ts'
import { trustList } from '../wire/ip.ts'
import { originBackend } from './origin-backend.ts'

export function checkValues(values: OptionValues): void {
  for (const address of values.listen) checkListen(address)
  for (const block of values.trust) checkTrust(block)
  if (values.admin !== null) adminAddress(values.admin, values.adminToken !== null)
  if (values.redis !== null) checkRedis(values.redis)
  else checkAlone(values)
  for (const origin of values.origin ?? []) originBackend(origin, values)
  applyParams(new Params(resolveSettings({ preset: values.preset })), values.params)
  if (values.policy !== null && values.vcl !== null)
    throw new ConfigError({ what: '--vcl cannot be used', why: 'there is a policy already, --policy', how: 'give one of the two' })
  if (values.watch && values.policy === null && values.vcl === null)
    throw new ConfigError({ what: '--watch cannot be used', why: 'there is no policy file to watch', how: 'name it with --policy FILE' })
}

const OF_REDIS = [
  ...(['redisPassword', 'redisCa', 'redisPrefix', 'redisSecret', 'redisMaxObject', 'redisStaleLimit'] as const),
  ...(['redisClaims', 'redisDeadline'] as const),
] as const

function checkRedis(servers: readonly string[]): void {
  try {
    redisTarget(servers)
  } catch (error) {
    throw new ConfigError({
      what: '--redis cannot be used',
      why: error instanceof Error ? error.message : String(error),
      how: 'write redis://user@host:6379, rediss:// for TLS, redis+cluster://a:6379,b:6379 or redis+sentinel://host:26379/master',
    })
  }
}

/** What is said about a Redis that there is not is a mistake: somebody believes that there is one. */
function checkAlone(values: OptionValues): void {
  const given = OF_REDIS.find((key) => values[key] !== OPTIONS[key].default)
  if (given === undefined) return
  throw new ConfigError({
    what: `--${OPTIONS[given].flag} cannot be used`,
    why: 'no Redis is given',
    how: 'name it with --redis redis://host:6379, or leave this out',
  })
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
