/** URLs that open a door for a while: signed by who gives them away, checked here (HMAC-SHA-256, RFC 2104). */
import { type Duration, seconds } from './duration.ts'

export interface SignedUrlsOptions {
  /**
   * Secrets of at least 16 characters; 32 random bytes are right. The first one signs, all of them open: to change it, put the new one in front,
   * and take the old one away when the last URL that it signed has run out.
   */
  readonly secrets: readonly [string, ...string[]]
  /** Parameter that holds the signature. Default `sig`. */
  readonly signature?: string
  /** Parameter that holds the end of validity, in seconds since the Unix epoch. Default `exp`. */
  readonly expires?: string
}

export interface SignOptions {
  /** For how long it opens. `null`: until its secret goes. */
  readonly for: Duration | null
  /** Seconds since the Unix epoch; in hooks `now`. Default: the machine's clock. */
  readonly now?: number
  /** What else has to be the same when it is used: a host, `client.ip`, a method. Default nothing. */
  readonly bind?: string
}

export interface VerifyOptions {
  /** As in `SignOptions`. */
  readonly now?: number
  /** What it was bound to. */
  readonly bind?: string
}

export type Verdict =
  /** `url` is what was signed, without the parameters that were added; `expires` `null`: never. */
  | { readonly valid: true; readonly url: string; readonly expires: number | null }
  /** `missing`: it is not signed. `forged`: nobody with one of the secrets signed this. `expired`: it was valid once. */
  | { readonly valid: false; readonly why: 'missing' | 'forged' | 'expired' }

/** Signs and checks. */
export interface SignedUrls {
  /** Path and query with its signature behind: `/film.mp4?exp=1767225600&sig=…`. */
  readonly sign: (url: string, options: SignOptions) => string
  /** Whether path and query are byte for byte what was signed, and when. In time that tells nothing about the secret. */
  readonly verify: (url: string, options?: VerifyOptions) => Verdict
}

const TOKEN = /^[\w.~-]{1,64}$/
const SHORTEST = 16
/** Of SHA-256 in base64url. */
const SIGNATURE = /^[\w-]{43}$/
const TIME = /^\d{1,12}$/

/**
 * ```ts
 * const links = signedUrls({ secrets: [SECRET] })
 * recv({ req, now, synth }) {
 *   const link = links.verify(req.url, { now })
 *   if (!link.valid) return synth(403)
 *   req.url = link.url
 * }
 * ```
 * What is set as `req.url` is the same for everybody, so all who were let in share what is stored. The application signs with the same function, or as
 * HMAC-SHA-256, in base64url without padding, of `bind`, a line feed, and the URL up to `&sig=` or `?sig=`. Throws a `TypeError` for a secret that is
 * too short, and for a parameter's name that is none.
 */
export function signedUrls({ secrets, signature = 'sig', expires = 'exp' }: SignedUrlsOptions): SignedUrls {
  if (!Array.isArray(secrets) || secrets.length === 0) throw new TypeError('signedUrls(): give at least one secret')
  for (const secret of secrets)
    if (typeof secret !== 'string' || secret.length < SHORTEST)
      throw new TypeError(`signedUrls(): a secret has at least ${SHORTEST} characters; take 32 random bytes as base64`)
  if (!TOKEN.test(signature) || !TOKEN.test(expires) || signature === expires)
    throw new TypeError('signedUrls(): signature and expires are two names of letters, digits, . _ ~ and -')
  return Object.freeze<SignedUrls>({
    sign(url, { for: lasts, now = Date.now() / 1000, bind = '' }) {
      checkUnsigned(url, signature, expires)
      if (url.includes('#')) throw new TypeError('signedUrls(): a fragment never reaches a server; sign what stands before the #')
      const ends = lasts === null ? url : withParameter(url, expires, String(Math.ceil(now + seconds(lasts))))
      return withParameter(ends, signature, macOf(secrets[0], bind, ends))
    },
    verify(url, { now = Date.now() / 1000, bind = '' } = {}) {
      const signed = lastParameter(url, signature)
      if (signed === null || !SIGNATURE.test(signed.value)) return { valid: false, why: signed === null ? 'missing' : 'forged' }
      let opens = false
      // With each secret, so that the time tells not even which one it was.
      for (const secret of secrets) opens = sameText(macOf(secret, bind, signed.before), signed.value) || opens
      if (!opens) return { valid: false, why: 'forged' }
      const until = lastParameter(signed.before, expires)
      if (until === null || !TIME.test(until.value)) return { valid: true, url: signed.before, expires: null }
      return now <= Number(until.value)
        ? { valid: true, url: until.before, expires: Number(until.value) }
        : { valid: false, why: 'expired' }
    },
  })
}

function checkUnsigned(url: string, signature: string, expires: string): void {
  for (const name of [signature, expires])
    if (lastParameter(url, name) !== null)
      throw new TypeError(`signedUrls(): ${JSON.stringify(url)} ends with the parameter ${name} already, which would be taken for ours`)
}

function withParameter(url: string, name: string, value: string): string {
  return `${url}${url.includes('?') ? '&' : '?'}${name}=${value}`
}

/** The parameter at the very end, if it has that name: what was put behind a signature was not signed. */
function lastParameter(url: string, name: string): { readonly before: string; readonly value: string } | null {
  const at = Math.max(url.lastIndexOf('&'), url.lastIndexOf('?'))
  const begin = at + 1 + name.length
  return at >= 0 && url.startsWith(`${name}=`, at + 1) ? { before: url.slice(0, at), value: url.slice(begin + 1) } : null
}

/** What is used of Node's own module, which the process has anyway; told here, so that a policy is checked where Node's types are not installed. */
interface NodeCrypto {
  createHmac(name: 'sha256', key: string): { update(text: string): { digest(encoding: 'base64url'): string } }
  timingSafeEqual(a: Uint8Array, b: Uint8Array): boolean
}

function nodeCrypto(): NodeCrypto {
  const { process } = globalThis as unknown as { readonly process: { getBuiltinModule(name: string): NodeCrypto } }
  return process.getBuiltinModule('node:crypto')
}

function macOf(secret: string, bind: string, url: string): string {
  return nodeCrypto().createHmac('sha256', secret).update(`${bind}\n${url}`).digest('base64url')
}

/** Both have the same length. */
function sameText(a: string, b: string): boolean {
  const encoder = new TextEncoder()
  return nodeCrypto().timingSafeEqual(encoder.encode(a), encoder.encode(b))
}
