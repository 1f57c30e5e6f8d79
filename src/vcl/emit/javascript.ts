/** Pieces of JavaScript, with what is needed to put them together: how strongly they bind, and whether they may be `undefined`. */

export interface Js {
  readonly code: string
  /** One of `BINDING`; what binds less than its surroundings is put in parentheses. */
  readonly binding: number
  /** It may be `undefined`, as a header field that is not there. */
  readonly unset: boolean
  /** The text that it is, if it is one. */
  readonly literal: string | null
  /** Of a template: what stands between the back quotes. */
  readonly template: string | null
  /** It awaits something. */
  readonly awaits: boolean
  /** Of `a && b && c`: its parts as lines, each but the last with the operator. */
  readonly chain: readonly string[] | null
}

export const BINDING = {
  none: 0,
  nullish: 2,
  or: 3,
  and: 4,
  equal: 8,
  relational: 9,
  sum: 11,
  product: 12,
  unary: 14,
  member: 18,
  primary: 20,
} as const

interface Extra {
  readonly unset?: boolean
  readonly literal?: string
  readonly template?: string
  readonly awaits?: boolean
  readonly chain?: readonly string[]
}

export function js(code: string, binding: number = BINDING.primary, extra: Extra = {}): Js {
  const { unset = false, literal = null, template = null, awaits = false, chain = null } = extra
  return { code, binding, unset, literal, template, awaits, chain }
}

/** As an operand of what binds so strongly. */
export function within(piece: Js, binding: number): string {
  return piece.binding < binding ? `(${piece.code})` : piece.code
}

/** Unset is empty. */
export function definite(piece: Js): Js {
  if (!piece.unset) return piece
  return js(`${within(piece, BINDING.nullish)} ?? ''`, BINDING.nullish, { awaits: piece.awaits })
}

/** A call; `awaits` if any argument does. */
export function call(callee: string, args: readonly Js[], extra: Extra = {}): Js {
  return js(`${callee}(${args.map(({ code }) => code).join(', ')})`, BINDING.member, {
    ...extra,
    awaits: extra.awaits === true || args.some(({ awaits }) => awaits),
  })
}

export function member(of: Js, property: string, extra: Extra = {}): Js {
  return js(`${within(of, BINDING.member)}.${property}`, BINDING.member, { ...extra, awaits: of.awaits })
}

export function method(of: Js, name: string, args: readonly Js[], extra: Extra = {}): Js {
  const made = call(`${within(of, BINDING.member)}.${name}`, args, extra)
  return of.awaits ? { ...made, awaits: true } : made
}

export function infix(left: Js, operator: string, right: Js, binding: number): Js {
  return js(`${within(left, binding)} ${operator} ${within(right, binding + 1)}`, binding, { awaits: left.awaits || right.awaits })
}

export function not(piece: Js): Js {
  return js(`!${within(piece, BINDING.unary)}`, BINDING.unary, { awaits: piece.awaits })
}

export function awaited(piece: Js, unset: boolean = piece.unset): Js {
  return js(`await ${within(piece, BINDING.unary)}`, BINDING.unary, { unset, awaits: true })
}

export function number(value: number): Js {
  // A dot behind it would be its own.
  return js(digits(value), BINDING.unary)
}

/** As people write it: `86_400`. */
function digits(value: number): string {
  const text = String(value)
  return /^\d{5,}$/.test(text) ? text.replace(/\B(?=(?:\d{3})+$)/g, '_') : text
}

/** A text; its characters are what it holds, a byte each if it was made by `bytes`. */
export function text(value: string): Js {
  const template = value.replace(/[\\`]|\$(?=\{)/g, '\\$&').replace(/[^\n\x20-\x7e]/g, escaped)
  if (value.includes('\n') && value.length > 1) return js(`\`${template}\``, BINDING.primary, { literal: value, template })
  return js(quoted(value), BINDING.primary, { literal: value, template })
}

/** The same text with a character for each byte of its UTF-8 form, as in header fields. */
export function bytes(value: string): string {
  return /[^\x00-\x7f]/.test(value) ? String.fromCharCode(...new TextEncoder().encode(value)) : value
}

export function quoted(value: string): string {
  const quote = value.includes("'") && !value.includes('"') ? '"' : "'"
  return quote + value.replace(new RegExp(`[\\\\${quote}]`, 'g'), '\\$&').replace(/[^\x20-\x7e]/g, escaped) + quote
}

const NAMED: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' }

function escaped(char: string): string {
  const code = char.charCodeAt(0)
  if (code > 0xff) return char
  return NAMED[char] ?? `\\x${code.toString(16).padStart(2, '0')}`
}

/** Texts side by side as one. */
export function concatenated(parts: readonly Js[]): Js {
  const [only] = parts
  if (only !== undefined && parts.length === 1) return definite(only)
  if (parts.every(({ literal }) => literal !== null)) return text(parts.map(({ literal }) => literal).join(''))
  const template = parts.map((part) => part.template ?? `\${${definite(part).code}}`).join('')
  return js(`\`${template}\``, BINDING.primary, { template, awaits: parts.some(({ awaits }) => awaits) })
}

/** The key of an object, in quotes if it needs them. */
export function key(name: string): string {
  return /^[A-Za-z_$][\w$]*$/.test(name) ? name : quoted(name)
}
