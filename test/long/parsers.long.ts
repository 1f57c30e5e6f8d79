/** Mutation fuzz of the parsers, in process. `FUZZ_RUNS` messages (default a million), `FUZZ_SEED` to repeat a run. */
import { expect, test } from 'vitest'
import { KINDS } from './check-fields.ts'
import { checkAnswer, checkChunked, checkRequest } from './check-messages.ts'
import * as grammar from './grammar.ts'
import { Random, SEED } from './random.ts'

const RUNS = Number(process.env['FUZZ_RUNS'] ?? 1_000_000)
/** Milliseconds that reading a message of a few kilobytes may take, all its checks included. */
const HANG = 100
const FINDINGS = 20
const FIELD_SHARE = 5

interface Subject {
  readonly name: string
  /** Of a hundred messages. */
  readonly share: number
  make(random: Random): string
  /** Throws for what must not be; may answer whether the message was accepted. */
  check(text: string, random: Random): boolean | undefined
}

const SUBJECTS: readonly Subject[] = [
  { name: 'requests', share: 30, make: (random) => grammar.request(random, `n${random.below(1000)}`), check: checkRequest },
  { name: 'answers', share: 22, make: grammar.answer, check: checkAnswer },
  { name: 'chunked bodies', share: 18, make: (random) => grammar.chunked(random, 'b'.repeat(random.below(60))), check: checkChunked },
  ...KINDS.map(({ name, make, check }) => ({
    name,
    share: FIELD_SHARE,
    make,
    check(text: string, random: Random): undefined {
      check(text, random)
    },
  })),
]

test.each(SUBJECTS)('$name: nothing throws or hangs, no cut changes a verdict, and what is accepted is canonical', (subject) => {
  const runs = Math.ceil((RUNS * subject.share) / 100)
  const findings: string[] = []
  let accepted = 0
  let slowest = 0
  const began = performance.now()
  for (let run = 0; run < runs && findings.length < FINDINGS; run++) {
    const seed = (SEED + run * 7919) >>> 0
    const random = new Random(seed)
    let text = grammar.mutate(random, subject.make(random), () => subject.make(random))
    // Field values have passed the parser of heads.
    if (subject.share === FIELD_SHARE) text = text.replace(/[\x00-\x08\x0a-\x1f\x7f]/g, '')
    const from = performance.now()
    try {
      if (subject.check(text, random) === true) accepted++
    } catch (error) {
      findings.push(`seed ${seed}: ${error instanceof Error ? error.message : String(error)}\n  ${JSON.stringify(text).slice(0, 600)}`)
    }
    let took = performance.now() - from
    // The machine may have been busy with something else: a message that hangs does so again.
    for (let again = 0; took > HANG && again < 3; again++)
      took = Math.min(
        took,
        timeOf(() => subject.check(text, new Random(seed))),
      )
    slowest = Math.max(slowest, took)
    if (took > HANG) findings.push(`seed ${seed}: ${Math.round(took)} ms for ${JSON.stringify(text).slice(0, 600)}`)
  }
  const seconds = ((performance.now() - began) / 1000).toFixed(1)
  console.log(
    `${subject.name}: seed ${SEED}, ${runs} runs, ${accepted} accepted, ${seconds} s, slowest ${slowest.toFixed(1)} ms, ${findings.length} findings`,
  )
  expect(findings.join('\n')).toBe('')
  // Messages that are all refused would prove nothing.
  if (subject.share !== FIELD_SHARE) expect(accepted).toBeGreaterThan(runs / 10)
})

function timeOf(work: () => unknown): number {
  const from = performance.now()
  try {
    work()
  } catch {
    // Counted the first time.
  }
  return performance.now() - from
}
