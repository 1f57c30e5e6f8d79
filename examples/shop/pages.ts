/** The shop's HTML and pictures. A page says when it was made, so that one can see whether it came from the cache. */
import { PRODUCTS, type Product, price } from './products.ts'

export function homePage(now: Date): string {
  const items = PRODUCTS.map(
    (product) =>
      `<li><a href="/shop/${product.id}"><img src="/images/${product.id}.svg" alt="" width="96" height="96"> ${product.name}</a> ${price(product.price)}</li>`,
  )
  return page('The small shop', `<ul>${items.join('')}</ul><p><a href="/slow">A page that takes a second</a></p>`, now)
}

export function productPage(product: Product, now: Date): string {
  return page(
    product.name,
    `<p><img src="/images/${product.id}.svg" alt="" width="192" height="192"></p><p>${price(product.price)}</p>
<form method="post" action="/cart"><input type="hidden" name="id" value="${product.id}"><button>Into the cart</button></form>`,
    now,
  )
}

export function cartPage(products: readonly Product[], now: Date): string {
  const items = products.map((product) => `<li>${product.name} ${price(product.price)}</li>`)
  const sum = products.reduce((total, product) => total + product.price, 0)
  return page('Your cart', items.length === 0 ? '<p>It is empty.</p>' : `<ul>${items.join('')}</ul><p>Sum: ${price(sum)}</p>`, now)
}

export function slowPage(now: Date): string {
  return page('Worth waiting for', '<p>This took the shop a second. Everybody who asks meanwhile waits for the same answer.</p>', now)
}

export function notFoundPage(now: Date): string {
  return page('Not here', '<p>The shop has no such page.</p>', now)
}

export function picture(product: Product): string {
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 96 96"><rect width="96" height="96" rx="12" fill="${product.color}"/>` +
    `<text x="48" y="62" font-family="sans-serif" font-size="40" fill="#fff" text-anchor="middle">${product.name[0]}</text></svg>`
  )
}

function page(title: string, body: string, now: Date): string {
  return `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${title}</title>
<style>body{font:16px/1.5 sans-serif;max-width:40em;margin:2em auto;padding:0 1em}li{margin:.5em 0}img{vertical-align:middle}footer{color:#666}</style></head>
<body>
<nav><a href="/">Shop</a> · <a href="/cart">Cart</a></nav>
<h1>${title}</h1>
${body}
<footer>Made by the origin at ${now.toISOString()}</footer>
</body>
</html>
`
}
