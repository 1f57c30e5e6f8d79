/** Fuzz of the ESI parser: `ESI_RUNS` pages (100,000 by default), `FUZZ_SEED` to repeat a run. */
import { expect, test } from 'vitest'
import { LONGEST_TAG } from '../../src/esi/parser.ts'
import { read, readPieces, shown } from '../esi/reading.ts'
import { WORDS } from '../esi/words.ts'
import { mutate } from './grammar.ts'
import { Random, SEED } from './random.ts'

const RUNS = Number(process.env['ESI_RUNS'] ?? 100_000)
/** Milliseconds for a page of some kilobytes. */
const HANG = 100

const filler = (random: Random): string =>
  random.of(['a', '"', "'", ' ', '-', ']', '<', '&']).repeat(random.below(random.once(20) ? 2 * LONGEST_TAG : 40))

function page(random: Random): string {
  return random.of(['<', '<p>', ' ', '']) + random.many(0, 60, () => (random.once(8) ? filler(random) : random.of(WORDS))).join('')
}

test('no page throws, hangs, or reads otherwise in other pieces; what is not ESI is as it was', () => {
  let slowest = 0
  let includes = 0
  for (let run = 0; run < RUNS; run++) {
    const seed = (SEED + run * 7919) >>> 0
    const random = new Random(seed)
    const text = mutate(random, page(random), () => page(random))
    const whole = read(text)
    let took = timeOf(text)
    // The machine may have been busy with something else.
    for (let again = 0; took > HANG && again < 3; again++) took = Math.min(took, timeOf(text))
    slowest = Math.max(slowest, took)
    const at = [0, ...random.cuts(text.length, 20), text.length]
    const pieces = at.slice(1).map((cut, index) => text.slice(at[index], cut))
    expect(shown(readPieces(pieces)), `seed ${seed}`).toBe(shown(whole))
    includes += whole.filter((piece) => typeof piece !== 'string').length
    if (!/esi/.test(text)) expect(shown(whole), `seed ${seed}`).toBe(text.replaceAll('\0', '\\0'))
  }
  console.log(`ESI: seed ${SEED}, ${RUNS} pages, ${includes} includes, slowest ${slowest.toFixed(1)} ms`)
  expect(slowest).toBeLessThan(HANG)
  // Pages without any would prove nothing.
  expect(includes).toBeGreaterThan(RUNS / 10)
})

function timeOf(text: string): number {
  const from = performance.now()
  read(text)
  return performance.now() - from
}
