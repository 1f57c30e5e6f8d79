/** VCL's types of values: which there are, what becomes of which by itself, and what arithmetic makes of them. */

export const VALUE_TYPES = [
  'ACL',
  'BACKEND',
  'BLOB',
  'BODY',
  'BOOL',
  'BYTES',
  'DURATION',
  'ENUM',
  'HEADER',
  'HTTP',
  'INT',
  'IP',
  'PROBE',
  'REAL',
  'REGEX',
  'STEVEDORE',
  'STRANDS',
  'STRING',
  'SUB',
  'TIME',
  'VOID',
] as const

export type ValueType = (typeof VALUE_TYPES)[number]

/** One text, a text in pieces, or a field that may be unset. */
export function isText(type: ValueType): boolean {
  return type === 'STRING' || type === 'STRANDS' || type === 'HEADER'
}

/** These have no text. */
const WORDLESS: ReadonlySet<ValueType> = new Set(['BODY', 'ENUM', 'HTTP', 'REGEX', 'SUB', 'VOID'])

export function hasText(type: ValueType): boolean {
  return !WORDLESS.has(type)
}

/** A text is true if it is set, a number or duration if it is above or other than 0, a backend if there is one. REAL would invite slips. */
export function hasTruth(type: ValueType): boolean {
  return isText(type) || type === 'BOOL' || type === 'INT' || type === 'DURATION' || type === 'BACKEND'
}

export type NumberType = 'INT' | 'REAL' | 'DURATION' | 'TIME' | 'BYTES'

const SUMS: Readonly<Record<string, NumberType>> = {
  'BYTES + BYTES': 'BYTES',
  'BYTES - BYTES': 'BYTES',
  'DURATION + DURATION': 'DURATION',
  'DURATION - DURATION': 'DURATION',
  'INT + INT': 'INT',
  'INT - INT': 'INT',
  'INT + REAL': 'REAL',
  'INT - REAL': 'REAL',
  'REAL + INT': 'REAL',
  'REAL - INT': 'REAL',
  'REAL + REAL': 'REAL',
  'REAL - REAL': 'REAL',
  'TIME - TIME': 'DURATION',
  'TIME + DURATION': 'TIME',
  'TIME - DURATION': 'TIME',
}

/** The type of a sum or difference; `null`: there is none. */
export function sumType(left: ValueType, operator: '+' | '-', right: ValueType): NumberType | null {
  return SUMS[`${left} ${operator} ${right}`] ?? null
}

/** What a product's left side may be multiplied with or divided by, beside INT. The product is of the left side's type. */
const FACTORS: Readonly<Partial<Record<ValueType, ValueType>>> = { INT: 'INT', REAL: 'REAL', DURATION: 'REAL', BYTES: 'REAL' }

export function factorType(left: ValueType): ValueType | null {
  return FACTORS[left] ?? null
}

const ORDERED: ReadonlySet<ValueType> = new Set(['INT', 'DURATION', 'BYTES', 'REAL', 'TIME'])
const EQUATED: ReadonlySet<ValueType> = new Set(['BACKEND', 'ACL', 'PROBE', 'STEVEDORE', 'SUB', 'BOOL', 'IP'])

/** Whether two values of that type can be compared so. Texts are ordered by their bytes. */
export function compares(type: ValueType, operator: string): boolean {
  if (isText(type) || ORDERED.has(type)) return true
  return (operator === '==' || operator === '!=') && EQUATED.has(type)
}

/** `set` to a variable of that type: which operators, and what each takes. */
export function assignable(type: ValueType, operator: string): ValueType | null {
  if (operator === '=') return type === 'HEADER' || type === 'STRING' ? 'STRANDS' : type
  if (type === 'INT') return 'INT'
  if (type === 'TIME' || type === 'DURATION') return operator === '+=' || operator === '-=' ? 'DURATION' : 'REAL'
  if (operator !== '+=') return null
  if (type === 'HEADER' || type === 'STRING') return 'STRANDS'
  return type === 'BODY' ? 'BODY' : null
}
