import { describe, expect, it } from 'vitest'
import { pathTest, plainPath, segments } from '../../../vcl-ts/presets/path-pattern.ts'

describe('a path of a preset', () => {
  it('is itself and all below it', () => {
    const cart = pathTest(['/cart/'])
    expect(['/cart', '/cart/', '/cart/items', '/carton', '/de/cart'].map(cart)).toEqual([true, true, true, false, false])
  })

  it.each(['/Admin', '/%61dmin', '//admin', '/./admin', '/x/../admin', '/admin;v=1/', '/admin%2Fusers', '/%41dmin'])(
    'is meant however it is spelt: %s',
    (path) => {
      expect(pathTest(['/admin'])(path)).toBe(true)
    },
  )

  it('is left as it is where it is plain', () => {
    expect(plainPath('/shop/teapot.html')).toBe('/shop/teapot.html')
    expect(plainPath('/a/../../b/')).toBe('/b/')
    expect(plainPath('/..')).toBe('/')
    expect(plainPath('/%zz%e4')).toBe('/%zz%e4')
  })

  it('may be a pattern, whose flags have no effect', () => {
    const user = pathTest([/\/USER\/\d+$/g])
    expect(['/user/1', '/user/1', '/user/x'].map(user)).toEqual([true, true, false])
  })

  it('may be a segment anywhere', () => {
    const test = pathTest([segments('cart', 'my.account')])
    expect(['/de/cart', '/cart/', '/my.account/x', '/myxaccount', '/cartoon'].map(test)).toEqual([true, true, true, false, false])
  })

  it('begins with a slash', () => {
    expect(() => pathTest(['cart'])).toThrow(/"cart" is no path; write it with its first slash/)
  })
})
