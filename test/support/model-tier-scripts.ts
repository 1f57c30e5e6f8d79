/** `src/storage/redis-scripts.ts` in words of the model. */
import { INDEX_KIND, KIND_AT } from '../../src/storage/frame.ts'
import type { Twin } from './model-twin.ts'

/** Bytes of a seal. */
const SEAL = 16

const claim: Twin = ({ keys }, [object = '', lock = ''], [owner = '', life, seen = '']) => {
  const got = keys.setAbsent(lock, owner, Number(life))
  const changed = !keys.getrange(object, -SEAL, -1).equals(Buffer.from(seen as Buffer))
  return [got ? 1 : 0, changed ? 1 : 0, keys.time()]
}

const renew: Twin = ({ keys }, [lock = ''], [owner = '', life]) => (isOf(keys.get(lock), owner) && keys.pexpire(lock, Number(life)) ? 1 : 0)

const release: Twin = ({ keys, publish }, [lock = ''], [owner = '', channel, message]) => {
  const own = isOf(keys.get(lock), owner) ? keys.del(lock) : 0
  publish(String(channel), String(message))
  return own
}

const keep: Twin = ({ keys, publish }, [object = '', lock = ''], [frame = '', until, mode, owner = '', channel, message]) => {
  if (String(mode) === 'refuse' && keys.getrange(object, KIND_AT, KIND_AT)[0] === INDEX_KIND) return 0
  keys.setUntil(object, Buffer.from(frame as Buffer), Number(until))
  if (owner.length > 0) {
    if (isOf(keys.get(lock), owner)) keys.del(lock)
    publish(String(channel), String(message))
  }
  return 1
}

export const TIER_TWINS: readonly (readonly [name: string, twin: Twin])[] = [
  ['tier-claim', claim],
  ['tier-renew', renew],
  ['tier-release', release],
  ['tier-time', ({ keys }) => keys.time()],
  ['tier-keep', keep],
]

function isOf(owner: Buffer | null, who: string | Buffer): boolean {
  return owner?.equals(Buffer.from(who as Buffer)) === true
}
