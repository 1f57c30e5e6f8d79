/** What a cookie's name and value may hold (RFC 6265 §4.1.1). */

const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/
const VALUE = /^[\x21\x23-\x2b\x2d-\x3a\x3c-\x5b\x5d-\x7e]*$/

/** Throws a `TypeError` for a name that is no token, or a value with white space, `"`, `,`, `;`, `\` or what is not visible ASCII. */
export function checkCookie(name: string, value: string): void {
  if (!TOKEN.test(name)) throw new TypeError(`${JSON.stringify(name)} is not the name of a cookie (RFC 6265 §4.1.1)`)
  if (!VALUE.test(value)) throw new TypeError(`the value of cookie ${name} holds what a cookie may not (RFC 6265 §4.1.1)`)
}
