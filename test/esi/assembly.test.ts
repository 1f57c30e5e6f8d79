/** A page and its fragments, whose bytes come when and as they like, beside what they have to become. */
import { expect, it } from 'vitest'
import type { Body, BodyEnd, BodyFlow, BodySink } from '../../src/body/body.ts'
import { ManualClock } from '../../src/clock.ts'
import { AssembledBody, AT_A_TIME } from '../../src/esi/assembly.ts'
import { type FragmentAnswer, type Fragments, PAGE_LIMITS, PageAllowance } from '../../src/esi/fragments.ts'
import { makePlan } from '../../src/esi/plan.ts'
import fc from '../support/properties.ts'

/** How a fragment behaves. */
interface Behaviour {
  readonly pieces: readonly string[]
  readonly answers: 'at once' | 'late'
  readonly as: 'whole' | 'body' | 'failed' | 'breaks off'
}

interface Part {
  readonly text: string
  readonly src: Behaviour
  readonly alt: Behaviour | null
  readonly optional: boolean
}

/** Sends piece by piece, and holds back while its reader pauses. */
class Stepping implements Body, BodyFlow {
  readonly length = null
  readonly #pieces: string[]
  readonly #end: BodyEnd
  #sink: BodySink | null = null
  #paused = false
  over = false
  /** Pieces that were sent although its reader had paused. */
  ignored = 0

  constructor(pieces: readonly string[], end: BodyEnd) {
    this.#pieces = [...pieces]
    this.#end = end
  }

  read(sink: BodySink): BodyFlow {
    this.#sink = sink
    return this
  }

  get ready(): boolean {
    return this.#sink !== null && !this.#paused && !this.over
  }

  step(): void {
    const piece = this.#pieces.shift()
    if (piece !== undefined) this.#paused = this.#sink?.chunk(Buffer.from(piece)) === false
    else {
      this.over = true
      this.#sink?.end(this.#end)
    }
  }

  resume(): void {
    this.#paused = false
  }

  cancel(): void {
    this.over = true
  }
}

const RESET: BodyEnd = { type: 'reset', cause: new Error('broken off') }

/** Whatever can happen next. */
interface Happening {
  readonly possible: () => boolean
  readonly happen: () => void
}

class Course implements Fragments {
  readonly happenings: Happening[] = []
  readonly bodies: Stepping[] = []
  readonly failures: string[] = []
  readonly #behaviours: ReadonlyMap<string, Behaviour>
  underWay = 0
  mostUnderWay = 0

  constructor(behaviours: ReadonlyMap<string, Behaviour>) {
    this.#behaviours = behaviours
  }

  request(reference: Parameters<Fragments['request']>[0], answered: (answer: FragmentAnswer) => void): { cancel(): void } | null {
    if (reference.type !== 'path') return null
    const behaviour = this.#behaviours.get(reference.target)
    if (behaviour === undefined) return null
    this.underWay++
    this.mostUnderWay = Math.max(this.mostUnderWay, this.underWay)
    let over = false
    const answer = (): void => {
      over = true
      answered(this.#answer(behaviour))
    }
    if (behaviour.answers === 'at once') answer()
    else this.happenings.push({ possible: () => !over, happen: answer })
    return {
      cancel: () => {
        over = true
      },
    }
  }

  failed(written: string): void {
    this.failures.push(written)
  }

  body(pieces: readonly string[], end: BodyEnd): Stepping {
    const body = new Stepping(pieces, end)
    this.bodies.push(body)
    this.happenings.push({ possible: () => body.ready, happen: () => body.step() })
    return body
  }

  #answer({ as, pieces }: Behaviour): FragmentAnswer {
    switch (as) {
      case 'whole':
        return { type: 'whole', bytes: Buffer.from(pieces.join('')) }
      case 'failed':
        return { type: 'failed', detail: 'failed' }
      default:
        return { type: 'body', body: this.body(pieces, as === 'body' ? { type: 'complete' } : RESET) }
    }
  }
}

const behaviour: fc.Arbitrary<Behaviour> = fc.record({
  pieces: fc.array(fc.constantFrom('a', 'bc', 'd'.repeat(10_000)), { maxLength: 4 }),
  answers: fc.constantFrom('at once', 'late'),
  as: fc.constantFrom('whole', 'whole', 'body', 'body', 'body', 'failed', 'breaks off'),
})

const part: fc.Arbitrary<Part> = fc.record({
  text: fc.constantFrom('', '-', '<p>', 'x'.repeat(9000)),
  src: behaviour,
  alt: fc.option(behaviour),
  optional: fc.boolean(),
})

const fine = ({ as }: Behaviour): boolean => as === 'whole' || as === 'body'

/** What an include may have become in a page that is whole; nothing where it could not be whole. */
function outcomes({ src, alt, optional }: Part): readonly string[] {
  if (fine(src)) return [src.pieces.join('')]
  // Once it has begun, nothing takes its place.
  const begun = src.as === 'breaks off' && optional ? beginnings(src) : []
  if (alt !== null && fine(alt)) return [...begun, alt.pieces.join('')]
  if (!optional) return []
  return [...begun, '', ...(alt?.as === 'breaks off' ? beginnings(alt) : [])]
}

function beginnings({ pieces }: Behaviour): readonly string[] {
  return Array.from({ length: pieces.length + 1 }, (_, at) => pieces.slice(0, at).join(''))
}

/** Whether a page that is whole may read so. */
function mayBe(text: string, parts: readonly Part[]): boolean {
  let reached = new Set(text.startsWith('<!>') ? ['<!>'.length] : [])
  for (const each of parts) {
    const next = new Set<number>()
    for (const from of reached)
      for (const outcome of outcomes(each))
        if (text.startsWith(each.text + outcome, from)) next.add(from + each.text.length + outcome.length)
    reached = next
  }
  return reached.has(text.length)
}

it('become the page, whatever comes first, in whatever pieces, however slowly it is taken', () => {
  let broken = 0
  let atOnce = 0
  fc.assert(
    fc.property(
      fc.array(part, { maxLength: 24 }),
      fc.boolean(),
      fc.boolean(),
      fc.array(fc.nat(), { minLength: 1, maxLength: 50 }),
      fc.integer({ min: 1, max: 5 }),
      (parts, arriving, opened, choices, appetite) => {
        const behaviours = new Map<string, Behaviour>()
        let page = '<!>'
        for (const [at, { text, src, alt, optional }] of parts.entries()) {
          behaviours.set(`/${at}`, src)
          if (alt !== null) behaviours.set(`/${at}/alt`, alt)
          page += `${text}<esi:include src="/${at}"${alt === null ? '' : ` alt="/${at}/alt"`}${optional ? ' onerror="continue"' : ''}/>`
        }
        const course = new Course(behaviours)
        const template = arriving ? course.body(page.match(/[\s\S]{1,700}/g) ?? [], { type: 'complete' }) : makePlan([Buffer.from(page)])
        const assembled = new AssembledBody({
          template,
          anyText: false,
          fragments: course,
          allowance: new PageAllowance(PAGE_LIMITS),
          deepest: false,
          top: true,
          clock: new ManualClock(),
          parsed: () => {},
        })
        const whole = opened ? assembled.open() : null
        if (whole !== null) {
          atOnce++
          expect(mayBe(whole.toString(), parts)).toBe(true)
          return
        }
        const chunks: Buffer[] = []
        const ends: BodyEnd[] = []
        let [paused, taken, ignored] = [false, 0, 0]
        const flow = assembled.read({
          chunk(bytes) {
            if (paused) ignored++
            chunks.push(bytes)
            taken++
            paused = taken % appetite === 0
            return !paused
          },
          end: (end) => void ends.push(end),
        })
        course.happenings.push({
          possible: () => paused && ends.length === 0,
          happen() {
            paused = false
            flow.resume()
          },
        })
        for (let step = 0; ; step++) {
          const possible = course.happenings.filter((each) => each.possible())
          const next = possible[(choices[step % choices.length] as number) % Math.max(1, possible.length)]
          if (next === undefined || ends.length > 0) break
          next.happen()
        }
        expect(ends.length).toBe(1)
        expect(ignored).toBe(0)
        if (ends[0]?.type === 'complete') expect(mayBe(Buffer.concat(chunks).toString(), parts)).toBe(true)
        else {
          expect(parts.some(({ src, optional }) => !fine(src) && !optional)).toBe(true)
          expect(course.bodies.every((body) => body.over || !body.ready || body === template)).toBe(true)
          broken++
        }
      },
    ),
    { numRuns: 700 },
  )
  expect(broken).toBeGreaterThan(50)
  expect(atOnce).toBeGreaterThan(20)
})

it('are asked for a few at a time, the first of them always', () => {
  const behaviours = new Map(
    Array.from({ length: 60 }, (_, at): [string, Behaviour] => [`/${at}`, { pieces: ['a'], answers: 'late', as: 'whole' }]),
  )
  const course = new Course(behaviours)
  const page = [...behaviours.keys()].map((src) => `<esi:include src="${src}"/>`).join('')
  const parts = {
    anyText: false,
    allowance: new PageAllowance(PAGE_LIMITS),
    deepest: false,
    top: true,
    clock: new ManualClock(),
    parsed: () => {},
  }
  let text = ''
  new AssembledBody({ ...parts, template: makePlan([Buffer.from(page)]), fragments: course }).read({
    chunk: (bytes) => {
      text += bytes.toString()
      return true
    },
    end: () => {},
  })
  expect(course.happenings.length).toBe(AT_A_TIME)
  // The last of those that were asked for comes first.
  while (course.happenings.length > 0) course.happenings.pop()?.happen()
  expect(text).toBe('a'.repeat(60))
})

it('is not read on while too much of it waits behind a fragment', () => {
  const course = new Course(new Map([['/slow', { pieces: ['s'], answers: 'late', as: 'whole' } as const]]))
  const template = course.body(['<esi:include src="/slow"/>', ...Array.from({ length: 100 }, () => 'x'.repeat(64 * 1024))], {
    type: 'complete',
  })
  const parts = {
    anyText: false,
    allowance: new PageAllowance(PAGE_LIMITS),
    deepest: false,
    top: true,
    clock: new ManualClock(),
    parsed: () => {},
  }
  let bytes = 0
  new AssembledBody({ ...parts, template, fragments: course }).read({
    chunk: (chunk) => {
      bytes += chunk.length
      return true
    },
    end: () => {},
  })
  let steps = 0
  for (; template.ready; steps++) template.step()
  expect(steps).toBeLessThan(8)
  expect(bytes).toBe(0)
  for (const { possible, happen } of [...course.happenings]) if (possible()) happen()
  while (template.ready) template.step()
  expect(bytes).toBe(1 + 100 * 64 * 1024)
})
