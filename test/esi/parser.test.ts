/** What of a page is ESI and what is text, and that the pieces in which it comes make no difference. */
import { describe, expect, it } from 'vitest'
import { EsiParser, LONGEST_TAG } from '../../src/esi/parser.ts'
import fc from '../support/properties.ts'
import { markup } from './markup.ts'
import { read, readPieces, shown } from './reading.ts'

describe('what counts', () => {
  it.each<[string, string, string]>([
    ['an include', '<p><esi:include src="/a"/></p>', '<p>{/a}</p>'],
    ['single quotes, blanks and line ends', "<p><esi:include\n\tsrc = '/a'\r\n /></p>", '<p>{/a}</p>'],
    ['an include with an end tag', '<p><esi:include src="/a"></esi:include></p>', '<p>{/a}</p>'],
    ['alt and onerror', '<p><esi:include src="/a" alt="/b" onerror="continue"/>', '<p>{/a|/b?}'],
    ['an unknown onerror', '<p><esi:include src="/a" onerror="abort"/>', '<p>{/a}'],
    ['a > in an attribute', '<p><esi:include src="/a?b>c"/>', '<p>{/a?b>c}'],
    ['entities', '<p><esi:include src="/?a=1&amp;b=&quot;&#34;&#x3E;&apos;&lt;&gt;&nbsp;&;&#0;x"/>', '<p>(/?a=1&b="">\'<>&nbsp;&;\\0x)'],
    ['removed text', '<p>a<esi:remove>b<b>c</b></esi:remove>d', '<p>ad'],
    ['an include within what is removed', '<p><esi:remove><esi:include src="/a"/></esi:remove>b', '<p>b'],
    ['what is removed within what is removed', '<p><esi:remove>a<esi:remove>b</esi:remove>c</esi:remove>d', '<p>d'],
    ['an empty remove', '<p>a<esi:remove/>b', '<p>ab'],
    ['a comment', '<p>a<esi:comment text="b"/>c', '<p>ac'],
    ['what is for ESI alone', '<p><!--esi a<esi:include src="/b"/>c-->d', '<p> a{/b}cd'],
    ['dashes before its end', '<!--esi a--->b-->', ' a-b-->'],
    ['dashes that end nothing', '<!--esi a-b--c- ->d-->e', ' a-b--c- ->de'],
    ['an ordinary comment within it', '<!--esi a<!-- <esi:include src="/b"/> -->c-->d', ' a<!-- <esi:include src="/b"/> -->cd'],
  ])('%s', (_, page, parts) => {
    expect(shown(read(page))).toBe(parts)
  })
})

describe('what is text', () => {
  it.each<[string, string]>([
    ['HTML', '<!doctype html><p class="a">b &amp; c</p><esiinclude/><e:s/></esi>'],
    ['an ordinary comment', '<p><!-- <esi:include src="/a"/> --></p>'],
    ['a comment that begins almost as one for ESI', '<p><!--es<esi:include src="/a"/>-->'],
    ['an include in a CDATA section', '<p><![CDATA[<esi:include src="/a"/>]] >]]]>'],
    [
      'elements that are not known',
      '<p><esi:vars>$(HTTP_COOKIE{a}) $url_encode($(HTTP_HOST))</esi:vars><esi:inline name="/a">b</esi:inline>',
    ],
    ['choices', '<p><esi:choose><esi:when test="$(HTTP_COOKIE{a})==1">a</esi:when><esi:otherwise>b</esi:otherwise></esi:choose>'],
    ['attempts', '<p><esi:try><esi:attempt>a</esi:attempt><esi:except>b</esi:except></esi:try>'],
    ['other letter case', '<p><ESI:include src="/a"/><esi:Include src="/a"/>'],
    ['an include without src', '<p><esi:include/>'],
    ['an include without quotes', '<p><esi:include src=/a />'],
    ['an attribute twice', '<p><esi:include src="/a" src="/b"/>'],
    ['attributes without a blank between', '<p><esi:include src="/a"alt="/b"/>'],
    ['a tag that the next one ends', '<p><esi:include src="/a" <b>c</b>'],
    ['a quote that is not closed', '<p><esi:include src="/a><b>c</b>'],
    ['a tag that the end of the page ends', '<p><esi:include src="/a"'],
    ['the beginning of a tag at the end', '<p></esi'],
    ['bytes that are no text', '<p>\0\x01\xff<\0<esi\0:include>'],
  ])('%s', (_, page) => {
    expect(shown(read(page))).toBe(page.replaceAll('\0', '\\0'))
  })

  it('everything, in a page that does not begin with <', () => {
    const page = 'a <esi:include src="/a"/><esi:remove>b</esi:remove>'
    expect(shown(read(page))).toBe(page)
    expect(shown(read(` \n${page}`))).toBe(` \n${page}`)
  })

  it('nothing but blanks and a byte order mark before <', () => {
    expect(shown(read('\xef\xbb\xbf \r\n\t<esi:include src="/a"/>'))).toBe('\xef\xbb\xbf \r\n\t{/a}')
  })

  it('of a page that may begin with anything, only what is no ESI', () => {
    expect(shown(read('{"a": "<esi:include src=\'/a\'/>"}', { anyText: true }))).toBe('{"a": "{/a}"}')
  })

  it('a tag that is too long, and what comes after it counts again', () => {
    const long = `<p><esi:include src="/${'a'.repeat(LONGEST_TAG)}"/>`
    expect(shown(read(`${long}<esi:include src="/b"/>`))).toBe(`${long}{/b}`)
  })
})

describe('what is wrong', () => {
  const faults = (page: string): [errors: number, warnings: number] => {
    const parser = new EsiParser({ text: () => {}, include: () => {} })
    parser.feed(Buffer.from(page))
    parser.end()
    return [parser.errors, parser.warnings]
  }

  it.each<[string, number, number]>([
    ['<p><esi:include src="/a"/><esi:remove>a</esi:remove><!--esi b--><esi:comment text="c"/>', 0, 0],
    ['<p><esi:vars>a</esi:vars>', 0, 2],
    ['<p><esi:include/>', 1, 0],
    ['<p><esi:include src="/a"', 1, 0],
    ['<p></esi:remove>', 1, 0],
    ['<p><esi:remove>', 1, 0],
    ['<p><!--esi a', 1, 0],
    ['<p><!--esi a<!--esi b-->c', 1, 0],
  ])('is counted: %s', (page, errors, warnings) => {
    expect(faults(page)).toEqual([errors, warnings])
  })

  it('is counted: a tag that is too long', () => {
    expect(faults(`<p><esi:include src="${'a'.repeat(LONGEST_TAG)}`)).toEqual([1, 0])
  })
})

describe('the pieces in which a page comes', () => {
  it('may be cut anywhere', () => {
    const page =
      '\xef\xbb\xbf <p><esi:include src="/a&amp;b" alt=\'/c\' onerror="continue"/>--><!-- <esi:include src="/x"/> ---><!--esi -a--b---><esi:remove>c</esi:remove>' +
      '<!---->d<![CDATA[<esi:remove>]]]>e<esi:vars>f</esi:vars><esi:include src="/g" <!--esi<esi:comment text="h"/>-- ->--->i<esi:include src="/j'
    const whole = shown(read(page))
    for (let at = 0; at <= page.length; at++) expect([at, shown(readPieces([page.slice(0, at), page.slice(at)]))]).toEqual([at, whole])
    expect(shown(readPieces([...page]))).toBe(whole)
  })

  it('make no difference, whatever the page', () => {
    fc.assert(
      fc.property(markup, fc.array(fc.nat(40), { maxLength: 40 }), fc.boolean(), (page, cuts, anyText) => {
        const pieces: string[] = []
        let rest = page
        for (const cut of cuts) {
          pieces.push(rest.slice(0, cut))
          rest = rest.slice(cut)
        }
        expect(shown(readPieces([...pieces, rest], { anyText }))).toBe(shown(read(page, { anyText })))
      }),
      { numRuns: 1000 },
    )
  })

  it('lose nothing of a page without elements that are known', () => {
    fc.assert(
      fc.property(markup, (page) => {
        const text = page.replaceAll(/esi:(?:include|remove|comment)|<!--esi/g, 'x')
        expect(shown(read(text))).toBe(text.replaceAll('\0', '\\0'))
      }),
      { numRuns: 500 },
    )
  })
})

describe('the work', () => {
  /** Calls of the sink and bytes that were passed on, which is what a page that is read again and again would multiply. */
  const effort = (page: string, size: number): { calls: number; bytes: number; held: number } => {
    let [calls, bytes] = [0, 0]
    const parser = new EsiParser({
      text(piece) {
        calls++
        bytes += piece.length
      },
      include: () => void calls++,
    })
    const all = Buffer.from(page, 'latin1')
    let held = 0
    for (let at = 0; at < all.length; at += size) {
      parser.feed(all.subarray(at, at + size))
      held = Math.max(held, at + Math.min(size, all.length - at) - bytes)
    }
    parser.end()
    return { calls, bytes, held }
  }

  it.each<[string, string]>([
    ['an attribute of a megabyte', `<p><esi:include src="${'a'.repeat(1 << 20)}"/>`],
    ['tags that are never closed', `<p>${'<esi:include src="/a" '.repeat(50_000)}`],
    ['quotes that are never closed', `<p>${'<esi:include src="/a '.repeat(50_000)}`],
    ['a hundred thousand comments in each other', `<p>${'<!--'.repeat(100_000)}`],
    ['dashes', `<!--esi ${'-'.repeat(1 << 20)}`],
    ['brackets', `<![CDATA[${']'.repeat(1 << 20)}`],
    ['angles', `<p>${'<'.repeat(1 << 20)}`],
    ['attributes', `<p><esi:vars ${'a="" '.repeat(200_000)}>`],
  ])('is in proportion to the page, and what is held is bounded: %s', (_, page) => {
    const one = effort(page, 64 * 1024)
    expect(one.bytes).toBeGreaterThanOrEqual(page.length - 10)
    expect(one.calls).toBeLessThan(page.length / 2)
    expect(one.held).toBeLessThanOrEqual(LONGEST_TAG)
  })

  it('goes as deep as pages nest what is removed, without a stack', () => {
    const deep = `<p>${'<esi:remove>'.repeat(100_000)}a${'</esi:remove>'.repeat(100_000)}b`
    expect(shown(read(deep))).toBe('<p>b')
  })
})
