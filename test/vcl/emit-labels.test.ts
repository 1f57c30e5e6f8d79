import { describe, expect, it } from 'vitest'
import type { PolicyTest, TestAnswer } from '../../src/testing/test-policy.ts'
import { LABEL_BLOG, LABEL_SHOP, LABELS_FRONT } from './label-cases.ts'
import { translate, vclTest } from './translated.ts'

const ORIGIN = { headers: { 'Cache-Control': 'max-age=60' }, body: 'page' }

function sites(): Promise<PolicyTest> {
  return vclTest(LABELS_FRONT, { origin: ORIGIN }, { shop: LABEL_SHOP, 'the-blog': LABEL_BLOG })
}

const get = (cache: PolicyTest, host: string, url: string, headers: Record<string, string> = {}, ip?: string): Promise<TestAnswer> =>
  cache.request({ url, headers: { Host: host, ...headers }, ...(ip === undefined ? {} : { ip }) })

function told({ headers, trace }: TestAnswer): readonly unknown[] {
  return [headers.get('x-site'), headers.get('x-fetched'), trace.decision, trace.origin[0]?.backend]
}

describe('return (vcl(label))', () => {
  it('hands the request over, from recv and from a sub that it calls; the rest of the transaction is that of the label', async () => {
    const cache = await sites()
    expect(told(await get(cache, 'shop.example', '/'))).toEqual(['shop', 'shop', 'miss', 'http://127.0.0.1:8002'])
    expect(told(await get(cache, 'x.example', '/blog/'))).toEqual(['blog', 'blog', 'miss', 'http://127.0.0.1:8004'])
    const front = await get(cache, 'x.example', '/')
    expect(told(front)).toEqual(['front', 'front', 'miss', 'http://127.0.0.1:8001'])
    expect(front.trace.notes).toContainEqual(['', 'front'])
    expect((await get(cache, 'x.example', '/')).trace.decision).toBe('hit')
  })

  it('begins anew with the request as the client sent it', async () => {
    const cache = await sites()
    const [seen] = (await get(cache, 'shop.example', '/?b=2&a=1')).trace.origin
    expect([seen?.url, seen?.headers.has('x-front'), seen?.headers.get('x-shared')]).toEqual(['/?b=2&a=1', false, 'shop'])
    const [own] = (await get(cache, 'x.example', '/?b=2&a=1')).trace.origin
    expect([own?.url, own?.headers.get('x-front')]).toEqual(['/?a=1&b=2', 'seen'])
  })

  it('has the hash, backends, ACLs and limits of the label', async () => {
    const cache = await sites()
    const decisions: string[] = []
    for (const group of ['a', 'b', 'a']) decisions.push((await get(cache, 'shop.example', '/', { 'X-Group': group })).trace.decision)
    expect(decisions).toEqual(['miss', 'miss', 'hit'])
    expect((await get(cache, 'shop.example', '/')).status).toBe(429)
    const other = await get(cache, 'x.example', '/blog/front')
    expect([other.status, other.headers.get('x-backend'), other.trace.origin[0]?.backend]).toEqual([200, 'front', 'http://127.0.0.1:8005'])
    expect((await get(cache, 'shop.example', '/', {}, '10.1.2.3')).trace.decision).toBe('pass')
  })

  it('stays with the label through restarts, and is refused after one', async () => {
    const cache = await sites()
    const again = await get(cache, 'shop.example', '/', { 'X-Again': '1' })
    expect([again.headers.get('x-site'), again.headers.get('x-restarts')]).toEqual(['shop', '1'])
    const late = await get(cache, 'shop.example', '/late', { 'X-Late': '1' })
    expect([late.status, late.trace.origin]).toEqual([503, []])
  })

  it('is refused within a labelled VCL, and for a label that is not said', () => {
    const { problems } = translate(LABELS_FRONT, 'front.vcl', { shop: LABELS_FRONT })
    expect(problems.map(({ kind, span, reason, hint }) => [kind, span.file.name, reason, hint])).toEqual([
      ['untranslatable', 'front.vcl', 'which VCL has the label the-blog is not said', 'give its file: --label the-blog=OTHER.vcl'],
      ['untranslatable', 'shop.vcl', expect.stringContaining('shop is a labelled VCL'), expect.stringContaining('the first VCL')],
      ['untranslatable', 'shop.vcl', expect.stringContaining('shop is a labelled VCL'), expect.stringContaining('the first VCL')],
    ])
  })
})
