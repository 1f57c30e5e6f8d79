/** The content codings that this cache makes and undoes (RFC 9110 §8.4.1, RFC 7932, RFC 8878), best first for text in browsers. */
export const CODINGS = ['br', 'zstd', 'gzip'] as const

export type Coding = (typeof CODINGS)[number]

export function isCoding(value: unknown): value is Coding {
  return (CODINGS as readonly unknown[]).includes(value)
}
