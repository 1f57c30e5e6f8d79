import { describe, expect, it } from 'vitest'
import { testPolicy } from '../../src/testing/index.ts'
import { definePolicy, html, page, rawHtml } from '../../vcl-ts/index.ts'

describe('html', () => {
  it('escapes what is put in, and nothing else', () => {
    const items = ['<b>', 2].map((item) => html`<li>${item}</li>`)
    expect(html`<p title="${'"x" & \'y\''}">${'<script>'}</p><ul>${items}</ul>${null}${false}${undefined}`.text).toBe(
      '<p title="&quot;x&quot; &amp; &#39;y&#39;">&lt;script&gt;</p><ul><li>&lt;b&gt;</li><li>2</li></ul>',
    )
    expect(html`${rawHtml('<hr>')}`.text).toBe('<hr>')
    expect(html``.text).toBe('')
  })

  it('takes a number for itself, zero included', () => {
    expect(html`${0}${-1.5}`.text).toBe('0-1.5')
  })
})

describe('a page of our own', () => {
  it('has its type, is not stored anywhere and not guessed at', async () => {
    const cache = await testPolicy(
      definePolicy({
        recv({ req }) {
          if (req.url === '/html') return page.html(html`<p>${req.headers.get('x-name') ?? ''}</p>`)
          if (req.url === '/json') return page.json({ a: '</script>', b: [1, null] }, { status: 201, cacheControl: 'max-age=5' })
          if (req.url === '/text') return page.text('grüß', { headers: { 'X-A': ['1', '2'] } })
          return page.problem({ status: 403, title: 'Not yours', detail: 'ask', balance: 30 })
        },
      }),
    )
    const html_ = await cache.request({ url: '/html', headers: { 'X-Name': '<i>' } })
    expect([html_.status, html_.body, html_.headers.get('content-type')]).toEqual([200, '<p>&lt;i&gt;</p>', 'text/html; charset=utf-8'])
    expect([html_.headers.get('cache-control'), html_.headers.get('x-content-type-options')]).toEqual(['no-store', 'nosniff'])
    const json = await cache.request('/json')
    expect([json.status, json.body, json.headers.get('content-type'), json.headers.get('cache-control')]).toEqual([
      201,
      '{"a":"\\u003c/script>","b":[1,null]}',
      'application/json',
      'max-age=5',
    ])
    const text = await cache.request('/text')
    expect([text.body, text.headers.get('content-type'), text.headers.getAll('x-a')]).toEqual([
      'grüß',
      'text/plain; charset=utf-8',
      ['1', '2'],
    ])
    const problem = await cache.request('/else')
    expect([problem.status, JSON.parse(problem.body), problem.headers.get('content-type')]).toEqual([
      403,
      { type: 'about:blank', title: 'Not yours', status: 403, detail: 'ask', balance: 30 },
      'application/problem+json',
    ])
  })

  it('refuses what has no JSON, and what no field may hold', () => {
    expect(() => page.json(undefined)).toThrow('no JSON')
    expect(() => page.text('x', { headers: { 'X-A': 'a\r\nb' } })).toThrow(TypeError)
    expect(() => page.text('x', { headers: { 'Content-Length': '1' } })).toThrow(TypeError)
    expect(() => page.text('x', { status: 99 })).toThrow(RangeError)
  })
})
