import { describe, expect, it } from 'vitest'
import type { PolicyTest, TestAnswer } from '../../src/testing/test-policy.ts'
import { CONDITION_CASES, EXPRESSION_REQUEST, expressionVcl, TEXT_CASES } from './expression-cases.ts'
import { vclTest, withBackend } from './translated.ts'

async function answer(vcl: string): Promise<TestAnswer> {
  const cache: PolicyTest = await vclTest(vcl, { origin: { headers: { 'Cache-Control': 'max-age=60' } } })
  return cache.request(EXPRESSION_REQUEST)
}

describe('expressions', () => {
  let made: Promise<TestAnswer> | null = null
  const once = (): Promise<TestAnswer> => {
    made ??= answer(expressionVcl())
    return made
  }

  it.each(TEXT_CASES.map((each, index) => [...each, index] as const))('%s is the text %j', async (_, text, index) => {
    expect((await once()).headers.get(`t${index}`)).toBe(text)
  })

  it.each(CONDITION_CASES.map((each, index) => [...each, index] as const))('%s is %s', async (_, holds, index) => {
    expect((await once()).headers.get(`c${index}`)).toBe(holds ? 'yes' : 'no')
  })

  it('fail the policy where something is divided by nothing', async () => {
    const failed = await answer(withBackend('sub vcl_deliver { set resp.http.x = 7 / req.restarts; }'))
    expect(failed.status).toBe(503)
  })
})
