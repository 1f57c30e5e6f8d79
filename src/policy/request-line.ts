/** Method and target as hooks may set them; what cannot be sent throws where it is set. */

const METHOD = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,64}$/
const URL_TEXT = /^(?:\/[\x21\x22\x24-\x7e]*|\*)$/

export class RequestLine {
  #method: string
  #url: string

  constructor(method: string, url: string) {
    this.#method = method
    this.#url = url
  }

  get method(): string {
    return this.#method
  }

  set method(value: string) {
    if (typeof value !== 'string' || !METHOD.test(value))
      throw new TypeError(`method ${JSON.stringify(value)} is not a token (RFC 9110 §9.1)`)
    this.#method = value
  }

  get url(): string {
    return this.#url
  }

  set url(value: string) {
    if (typeof value !== 'string' || !URL_TEXT.test(value))
      throw new TypeError(
        `url ${JSON.stringify(value)} is not a request target: it starts with / and holds 0x21–0x7E but # (RFC 9112 §3.2)`,
      )
    this.#url = value
  }
}
