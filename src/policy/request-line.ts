/** Method and target as hooks may set them; what cannot be sent throws where it is set. */

const METHOD = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,64}$/
const URL_TEXT = /^(?:\/[\x21\x22\x24-\x7e]*|\*)$/

/** A method as it is given, or a `TypeError`. */
export function checkedMethod(value: string): string {
  if (typeof value === 'string' && METHOD.test(value)) return value
  throw new TypeError(`method ${JSON.stringify(value)} is not a token (RFC 9110 §9.1)`)
}

/** A target as it is given, or a `TypeError`. */
export function checkedUrl(value: string): string {
  if (typeof value === 'string' && URL_TEXT.test(value)) return value
  throw new TypeError(`url ${JSON.stringify(value)} is not a request target: it starts with / and holds 0x21–0x7E but # (RFC 9112 §3.2)`)
}
