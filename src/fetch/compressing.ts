/** Whether an answer is stored compressed, and in what: decided, not done. */
import type { Coding } from '../../vcl-ts/coding.ts'
import { coderFree } from '../body/codings.ts'
import type { CompressionSettings } from '../config/settings.ts'
import type { BackendResponse } from '../policy/backend-response.ts'
import { contentCoding } from '../wire/content-coding.ts'

/** Why an answer is stored as it comes. */
export type Uncompressed =
  /** Neither `--compress` nor the policy asks for it. */
  | 'off'
  | 'policy'
  | 'not stored'
  | 'status'
  | 'no body'
  | 'coded'
  | 'no-transform'
  | 'set-cookie'
  | 'private'
  | 'type'
  | 'size'
  /** So many are being compressed that this one would wait. */
  | 'busy'

export type Compression = { readonly type: 'compress'; readonly coding: Coding } | { readonly type: 'leave'; readonly why: Uncompressed }

export interface CompressionInput {
  readonly beresp: BackendResponse
  readonly settings: CompressionSettings
  readonly stored: boolean
  readonly hasBody: boolean
  /** `null`: not known yet. */
  readonly length: number | null
}

/** What a policy's `true` means without `--compress`. */
const DEFAULT_CODING: Coding = 'br'
const NO_TRANSFORM = /\bno-transform\b/i
const PRIVATE = /\bprivate\b/i

export function compression(input: CompressionInput): Compression {
  const { beresp, settings } = input
  const wish = beresp.compress
  const why = obstacle(input)
  if (why !== null) return { type: 'leave', why }
  return { type: 'compress', coding: typeof wish === 'string' ? wish : (settings.coding ?? DEFAULT_CODING) }
}

function obstacle({ beresp, settings, stored, hasBody, length }: CompressionInput): Uncompressed | null {
  const { compress: wish, headers, control } = beresp
  if (wish === false) return 'policy'
  if (wish === null && settings.coding === null) return 'off'
  if (!hasBody || length === 0) return 'no body'
  if (beresp.status === 206) return 'status'
  if (contentCoding(headers) !== null) return 'coded'
  // A compressed secret beside text that somebody else chose can be guessed by its length (BREACH): what is anybody's own stays plain.
  if (headers.hasLower('set-cookie')) return 'set-cookie'
  const cacheControl = headers.joinedLower('cache-control') ?? ''
  if (control.private || control.privateFields.length > 0 || PRIVATE.test(cacheControl)) return 'private'
  if (control.noTransform || NO_TRANSFORM.test(cacheControl)) return 'no-transform'
  if (!stored) return 'not stored'
  if (wish === null && !isAmong(settings.types, headers.getLower('content-type') ?? '')) return 'type'
  if (wish === null && length !== null && length < settings.min) return 'size'
  return coderFree() ? null : 'busy'
}

/** Whether a media type is one of `text/html`, `text/*`, `*+json`. */
export function isAmong(types: readonly string[], contentType: string): boolean {
  const semicolon = contentType.indexOf(';')
  const type = (semicolon < 0 ? contentType : contentType.slice(0, semicolon)).trim().toLowerCase()
  return types.some((wanted) =>
    wanted.endsWith('/*')
      ? type.startsWith(wanted.slice(0, -1))
      : wanted.startsWith('*')
        ? type.endsWith(wanted.slice(1))
        : type === wanted,
  )
}
