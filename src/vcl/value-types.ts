/** VCL's types of values. */

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
