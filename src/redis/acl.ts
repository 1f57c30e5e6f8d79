/** What a user of Redis needs to be allowed for Clearcoat, and nothing else (https://redis.io/docs/latest/operate/oss_and_stack/management/security/acl/). */

/** Commands that are sent, or called by scripts, with the reason of each. Sorted by what for. */
export const REDIS_COMMANDS: readonly string[] = [
  // Connections.
  ...['auth', 'hello', 'select', 'ping'],
  // A Cluster: its map, and keys that move.
  ...['cluster|slots', 'asking'],
  // Objects.
  ...['getrange', 'pttl', 'set', 'unlink'],
  // Scripts.
  ...['evalsha', 'eval', 'time', 'exists', 'get', 'del', 'pexpire', 'pexpireat', 'publish'],
  // Who waits for another node's fetch.
  'subscribe',
  // The log.
  ...['xread', 'xadd', 'xrange', 'xrevrange', 'xlen', 'xinfo|stream', 'xtrim'],
  // Nodes.
  ...['hset', 'hget', 'hgetall', 'hdel', 'hmget', 'hincrby', 'zadd', 'zrem', 'zrange', 'zrangebyscore', 'zremrangebyscore'],
]

/** What stands behind `ACL SETUSER name on >password`: the least that works with keys under a prefix. */
export function aclRule(prefix: string): string {
  return `resetkeys resetchannels ~${prefix}* &${prefix}* -@all ${REDIS_COMMANDS.map((command) => `+${command}`).join(' ')}`
}
