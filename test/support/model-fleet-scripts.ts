/** `src/invalidation/fleet-scripts.ts` in words of the model. */
import { createHash } from 'node:crypto'
import { compareIds, type Keyspace } from './model-keyspace.ts'
import type { Twin } from './model-twin.ts'

const NO_MARK = '0'.repeat(40)

const append: Twin = ({ keys }, [stream = ''], [most, id, mark, ...sealed]) => {
  if (holds(keys, stream, String(id), String(mark)) === 0) return []
  let before = lastOf(keys, stream)
  const generation = Math.max(1, generationOf(before.id))
  return sealed.map((entry) => {
    const value = Buffer.concat([Buffer.from(before.mark), bytes(entry)])
    const added = keys.xadd(stream, `${generation}-*`, ['e', value], Number(most))
    before = { id: added, mark: sha1(value) }
    return added
  })
}

const beat: Twin = ({ keys }, [stream = '', nodes = ''], [node, says, id, mark, dead]) => {
  const now = keys.time()
  keys.hset(nodes, String(node), Buffer.concat([Buffer.from(`${now} `), bytes(says)]))
  const { id: last } = lastOf(keys, stream)
  const answer: (string | number | Buffer)[] = [holds(keys, stream, String(id), String(mark)), last, String(now)]
  for (const [field, value] of keys.hgetall(nodes)) {
    const [, told = '0'] = /^(\d+) /.exec(value.toString('latin1')) ?? []
    if (now - Number(told) > Number(dead)) keys.hdel(nodes, field)
    else answer.push(field, value)
  }
  return answer
}

const raise: Twin = ({ keys }, [stream = ''], [most, known, ...entries]) => {
  for (let i = 0; i < entries.length; i += 3) {
    const there = holds(keys, stream, String(entries[i]), String(entries[i + 1]))
    if (there === 2) return 0
    if (there === 0) continue
    const { id, mark } = lastOf(keys, stream)
    if (i > 0 && generationOf(id) <= Number(known))
      keys.xadd(stream, `${Number(known) + 1}-0`, ['e', Buffer.concat([Buffer.from(mark), bytes(entries[i + 2])])], Number(most))
    return i / 3 + 1
  }
  return 0
}

const snapshot: Twin = ({ keys }, [key = ''], [position, value, life]) => {
  const there = keys.getrange(key, 0, 15).toString('latin1')
  if (there.length === 16 && there >= String(position)) return 0
  keys.set(key, bytes(value), Number(life))
  return 1
}

export const FLEET_TWINS: readonly (readonly [name: string, twin: Twin])[] = [
  ['fleet-append', append],
  ['fleet-beat', beat],
  ['fleet-raise', raise],
  ['fleet-snapshot', snapshot],
]

function holds(keys: Keyspace, stream: string, id: string, mark: string): 0 | 1 | 2 {
  const [first] = keys.xrange(stream, '-', '+', 1)
  const whole = first === undefined || first.fields[1]?.toString('latin1', 0, 40) === NO_MARK
  if (id === '0-0') return whole ? 1 : 2
  const [found] = keys.xrange(stream, id, id)
  if (found !== undefined) return sha1(found.fields[1] ?? Buffer.alloc(0)) === mark ? 1 : 0
  return !whole && compareIds(first.id, id) > 0 ? 2 : 0
}

function lastOf(keys: Keyspace, stream: string): { readonly id: string; readonly mark: string } {
  const [last] = keys.xnewest(stream, 1)
  return last === undefined ? { id: '0-0', mark: NO_MARK } : { id: last.id, mark: sha1(last.fields[1] ?? Buffer.alloc(0)) }
}

function generationOf(id: string): number {
  return Number(id.slice(0, id.indexOf('-')))
}

function sha1(value: Buffer): string {
  return createHash('sha1').update(value).digest('hex')
}

function bytes(value: string | Buffer | undefined): Buffer {
  return typeof value === 'object' ? value : Buffer.from(value ?? '')
}
