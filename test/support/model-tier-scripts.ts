/** `src/storage/redis-scripts.ts` in words of the model. */
import { INDEX_KIND, KIND_AT } from '../../src/storage/frame.ts'
import type { Twin } from './model-twin.ts'

/** Bytes of a seal. */
const SEAL = 16

/** Behind whose a lock is, once somebody waits for it. */
const WAITED = '+'

const claim: Twin = ({ keys }, [object = '', lock = ''], [owner = '', life, seen = '']) => {
  const got = keys.setAbsent(lock, owner, Number(life))
  const held = keys.get(lock)?.toString('latin1') ?? ''
  if (!got && !held.endsWith(WAITED)) keys.setUntil(lock, held + WAITED, keys.time() + keys.pttl(lock))
  const changed = !keys.getrange(object, -SEAL, -1).equals(Buffer.from(seen as Buffer))
  return [got ? 1 : 0, changed ? 1 : 0, keys.time()]
}

const renew: Twin = ({ keys }, [lock = ''], [owner = '', life]) =>
  stateOf(keys.get(lock), owner) !== 'lost' && keys.pexpire(lock, Number(life)) ? 1 : 0

const release: Twin = ({ keys, publish }, [lock = ''], [owner = '', channel, message]) => {
  const state = stateOf(keys.get(lock), owner)
  if (state !== 'lost') keys.del(lock)
  if (state !== 'own') publish(String(channel), String(message))
  return state === 'lost' ? 0 : 1
}

const keep: Twin = ({ keys, publish }, [object = '', lock = ''], [frame = '', until, mode, owner = '', channel, message]) => {
  if (String(mode) === 'refuse' && keys.getrange(object, KIND_AT, KIND_AT)[0] === INDEX_KIND) return 0
  keys.setUntil(object, Buffer.from(frame as Buffer), Number(until))
  if (owner.length > 0) {
    const state = stateOf(keys.get(lock), owner)
    if (state !== 'lost') keys.del(lock)
    if (state !== 'own') publish(String(channel), String(message))
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

function stateOf(held: Buffer | null, who: string | Buffer): 'own' | 'waited' | 'lost' {
  const [text, owner] = [held?.toString('latin1'), Buffer.from(who as Buffer).toString('latin1')]
  return text === owner ? 'own' : text === owner + WAITED ? 'waited' : 'lost'
}
