/** What a user of Redis needs to be allowed for Clearcoat, and nothing else (https://redis.io/docs/latest/operate/oss_and_stack/management/security/acl/). */

/** Commands that are sent, and those that scripts call. */
export const REDIS_COMMANDS: readonly string[] = [
  // Connections.
  ...['auth', 'hello', 'select', 'ping'],
  // A Cluster: its map, and keys that move.
  ...['cluster|slots', 'asking'],
  // Objects.
  ...['getrange', 'pttl', 'set', 'unlink'],
  // Scripts.
  ...['evalsha', 'eval', 'time', 'get', 'del', 'pexpire'],
  // Who waits for another node's fetch.
  ...['publish', 'subscribe'],
  // The log.
  ...['xread', 'xadd', 'xrange', 'xrevrange'],
  // Nodes, and what they count.
  ...['hset', 'hgetall', 'hdel'],
]

/** What stands behind `ACL SETUSER name on >password`: the least that works with keys under a prefix. */
export function aclRule(prefix: string): string {
  return `resetkeys resetchannels ~${prefix}* &${prefix}* -@all ${REDIS_COMMANDS.map((command) => `+${command}`).join(' ')}`
}
