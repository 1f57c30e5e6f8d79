/** Whoever asks for what, in whatever order, and whatever the system answers: nobody gets what was made for somebody else. */
import { describe, expect, it } from 'vitest'
import { type OriginAnswer, type TestAnswer, testPolicy } from '../../../src/testing/index.ts'
import { PRESETS } from '../../../vcl-ts/builtin/decisions.ts'
import { presets } from '../../../vcl-ts/index.ts'
import fc from '../../support/properties.ts'

type Name = keyof typeof presets
const NAMES = Object.keys(presets) as Name[]

/** Cookies of all systems, their analytics, and such that nobody knows. */
const COOKIES: readonly string[] = [
  ...['wordpress_logged_in_0123456789abcdef0123456789abcdef', 'wp-postpass_0123456789abcdef0123456789abcdef'],
  ...['comment_author_0123456789abcdef0123456789abcdef', 'woocommerce_items_in_cart', 'pll_language', 'PHPSESSID', 'X-Magento-Vary'],
  ...[
    'form_key',
    'SESS0123',
    'SSESS0123',
    'sw-cache-hash',
    'sw-states',
    'sw-currency',
    'session-',
    'be_typo_user',
    'fe_typo_user',
    'REMEMBERME',
  ],
  ...['__prerender_bypass', '__next_preview_data', 'NEXT_LOCALE', '_ga', '_fbp', 'unheard-of', 'sid'],
]
/** Of these a system may make many readers' page. */
const FOR_MANY = /^(?:pll_language|wp-wpml_current_language|sw-currency|NEXT_LOCALE)=/
/** Of these the first answer to a visitor without cookies begins a session that nobody gets. */
const BEGUN: Readonly<Partial<Record<Name, RegExp>>> = {
  magento: /^(?:PHPSESSID|form_key|private_content_version|mage-[a-z]+)=/,
  shopware: /^session-=/,
}

const URLS = ['/', '/page', '/page?utm_source=x', '/wp-admin/', '/account.css', '/static/a.js']
const SAYS: readonly string[] = [
  ...[
    '',
    'max-age=60',
    'public, max-age=60',
    'public, s-maxage=60',
    's-maxage=60, stale-while-revalidate=600',
    'private',
    'private, max-age=60',
  ],
  ...['no-store', 'no-cache', 'max-age=0, must-revalidate', 'private="set-cookie", max-age=60'],
]

interface Step {
  readonly method: 'GET' | 'HEAD' | 'POST'
  readonly url: string
  readonly cookies: readonly string[]
  readonly fields: Readonly<Record<string, string>>
  /** What the origin says if it is asked. */
  readonly says: string
  readonly sets: readonly string[]
  readonly vary: string
  readonly status: number
  /** Seconds that pass before. */
  readonly after: number
}

const step: fc.Arbitrary<Step> = fc.record({
  method: fc.constantFrom('GET', 'GET', 'GET', 'GET', 'HEAD', 'POST'),
  url: fc.constantFrom(...URLS),
  cookies: fc.oneof(
    { weight: 2, arbitrary: fc.constantFrom<readonly string[]>([], ['_ga=1']) },
    {
      weight: 1,
      arbitrary: fc.uniqueArray(
        fc.tuple(fc.constantFrom(...COOKIES), fc.constantFrom('1', '2')).map(([name, value]) => `${name}=${value}`),
        { maxLength: 3 },
      ),
    },
  ),
  fields: fc.constantFrom<Record<string, string>>(
    {},
    {},
    {},
    { Connection: 'Upgrade', Upgrade: 'h2c' },
    { Authorization: 'Bearer 1' },
    { RSC: '1' },
  ),
  says: fc.constantFrom(...SAYS),
  sets: fc.oneof(
    fc.constant([]),
    fc.uniqueArray(
      fc.constantFrom(...COOKIES).map((name) => `${name}=new; path=/`),
      { maxLength: 2 },
    ),
  ),
  vary: fc.constantFrom('', '', 'Cookie', 'Accept-Language'),
  status: fc.constantFrom(200, 200, 200, 404, 302, 500),
  after: fc.constantFrom(0, 0, 0, 30, 70),
})

interface Made {
  readonly by: number
  readonly cookies: readonly string[]
  readonly authorized: boolean
  readonly answer: OriginAnswer
  readonly step: Step
}

function split(cookie: string | undefined): readonly string[] {
  return (cookie ?? '').split(';').flatMap((each) => (each.trim() === '' ? [] : [each.trim()]))
}

async function run(name: Name, preset: (typeof PRESETS)[number], steps: readonly Step[]): Promise<number> {
  const made: Made[] = []
  let at = 0
  let shared = 0
  const cache = await testPolicy(presets[name](), {
    preset,
    origin: ({ headers }) => {
      const current = steps[at] as Step
      const answer: OriginAnswer = {
        status: current.status,
        headers: {
          'X-Made': String(made.length),
          ...(current.says === '' ? {} : { 'Cache-Control': current.says }),
          ...(current.sets.length === 0 ? {} : { 'Set-Cookie': current.sets }),
          ...(current.vary === '' ? {} : { Vary: current.vary }),
        },
        body: `page ${made.length}`,
      }
      made.push({ by: at, cookies: split(headers.joined('cookie')), authorized: headers.has('authorization'), answer, step: current })
      return answer
    },
  })
  for (; at < steps.length; at++) {
    const { method, url, cookies, fields, after } = steps[at] as Step
    await cache.advance(after)
    const before = made.length
    const answer = await cache.request({
      method,
      url,
      headers: { ...fields, ...(cookies.length === 0 ? {} : { Cookie: cookies.join('; ') }) },
    })
    const id = answer.headers.get('x-made')
    if (id === undefined) continue
    const source = made[Number(id)] as Made
    if (Number(id) >= before) continue
    shared++
    judge(name, source, steps[at] as Step, answer)
  }
  return shared
}

/** What was made for an earlier request is given to this one. */
function judge(name: Name, { cookies, authorized, step }: Made, current: Step, answer: TestAnswer): void {
  expect(answer.headers.getAll('set-cookie')).toEqual([])
  expect(step.method).not.toBe('POST')
  expect(step.says).not.toMatch(/private|no-store/)
  const begun = BEGUN[name]
  expect(step.sets.filter((line) => begun === undefined || !begun.test(line))).toEqual([])
  if (step.sets.length > 0) expect(step.says).toMatch(/public|s-maxage/)
  // What the origin saw of its first reader is what it would have seen of this one.
  expect(cookies.filter((cookie) => !FOR_MANY.test(cookie))).toEqual([])
  for (const cookie of cookies) expect(current.cookies).toContain(cookie)
  if (authorized) expect(step.says).toMatch(/public|s-maxage|must-revalidate/)
}

describe.each(NAMES)('under %s()', (name) => {
  it.each(PRESETS)('nobody gets what was made for somebody else (%s)', async (preset) => {
    let shared = 0
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 6, maxLength: 20 }), async (steps) => {
        shared += await run(name, preset, steps)
      }),
      { numRuns: 60 },
    )
    // It is tested for something.
    expect(shared).toBeGreaterThan(10)
  })
})
