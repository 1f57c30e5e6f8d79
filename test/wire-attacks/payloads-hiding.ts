/**
 * A hundred ways to write a framing field so that one parser sees it and another does not. `refuse`: it must not pass; `frame`: it
 * is the field in canonical form; `other`: it is another field, and frames nothing.
 */
export type Hiding = 'refuse' | 'frame' | 'other'

export interface HidingRow {
  readonly name: string
  readonly verdict: Hiding
  /** Field lines, each with its end, for a field of that name and value. */
  readonly write: (field: string, value: string) => string
}

const byteName = (byte: string): string => `0x${byte.charCodeAt(0).toString(16).padStart(2, '0')}`

const AROUND_NAME = [
  '\t',
  ' ',
  '\v',
  '\f',
  '\0',
  '\b',
  '\x1b',
  '\x7f',
  '\x80',
  '\x85',
  '\xa0',
  '\xff',
  '(',
  ')',
  '@',
  '"',
  ',',
  '/',
  '\\',
  ';',
  '=',
  '?',
  '[',
  '{',
  '<',
]
const AROUND_VALUE = ['\v', '\f', '\0', '\b', '\x1b', '\x7f', '\x80', '\x85', '\xa0', '\xff']

const row = (name: string, verdict: Hiding, write: HidingRow['write']): HidingRow => ({ name, verdict, write })

export const HIDING: readonly HidingRow[] = [
  ...AROUND_NAME.flatMap((byte) => [
    row(`${byteName(byte)} before the name`, 'refuse', (field, value) => `X: y\r\n${byte}${field}: ${value}\r\n`),
    row(`${byteName(byte)} behind the name`, 'refuse', (field, value) => `X: y\r\n${field}${byte}: ${value}\r\n`),
  ]),
  ...AROUND_VALUE.flatMap((byte) => [
    row(`${byteName(byte)} before the value`, 'refuse', (field, value) => `${field}: ${byte}${value}\r\n`),
    row(`${byteName(byte)} behind the value`, 'refuse', (field, value) => `${field}: ${value}${byte}\r\n`),
  ]),
  row('no space', 'frame', (field, value) => `${field}:${value}\r\n`),
  row('a tab', 'frame', (field, value) => `${field}:\t${value}\r\n`),
  row('many spaces', 'frame', (field, value) => `${field}:${' '.repeat(100)}${value}\r\n`),
  row('white space behind the value', 'frame', (field, value) => `${field}: ${value} \t\r\n`),
  row('lower case', 'frame', (field, value) => `${field.toLowerCase()}: ${value}\r\n`),
  row('upper case', 'frame', (field, value) => `${field.toUpperCase()}: ${value}\r\n`),
  row('mixed case', 'frame', (field, value) => `${field.replace(/[aeiou]/g, (letter) => letter.toUpperCase())}: ${value}\r\n`),
  row('LF before the line', 'refuse', (field, value) => `X: y\n${field}: ${value}\r\n`),
  row('CR before the line', 'refuse', (field, value) => `X: y\r${field}: ${value}\r\n`),
  row('CR CR LF before the line', 'refuse', (field, value) => `X: y\r\r\n${field}: ${value}\r\n`),
  row('LF CR before the line', 'refuse', (field, value) => `X: y\n\r${field}: ${value}\r\n`),
  row('NUL LF before the line', 'refuse', (field, value) => `X: y\0\n${field}: ${value}\r\n`),
  row('a fold before the value', 'refuse', (field, value) => `${field}:\r\n ${value}\r\n`),
  row('a fold of a tab before the value', 'refuse', (field, value) => `${field}:\r\n\t${value}\r\n`),
  row('a fold behind the value', 'refuse', (field, value) => `${field}: ${value}\r\n \r\n`),
  row('a fold within the line', 'refuse', (field, value) => `${field}\r\n : ${value}\r\n`),
  row('LF and a space before the line', 'refuse', (field, value) => `X: y\n ${field}: ${value}\r\n`),
  row('LF before the colon', 'refuse', (field, value) => `${field}\n: ${value}\r\n`),
  row('LF before the value', 'refuse', (field, value) => `${field}: \n${value}\r\n`),
  row('a prefixed name', 'other', (field, value) => `X-${field}: ${value}\r\n`),
  row('a longer name', 'other', (field, value) => `${field}-X: ${value}\r\n`),
  row('a name one letter short', 'other', (field, value) => `${field.slice(0, -1)}: ${value}\r\n`),
  row('underscores for hyphens', 'refuse', (field, value) => `${field.replaceAll('-', '_')}: ${value}\r\n`),
  row('two lines', 'refuse', (field, value) => `${field}: ${value}\r\n${field}: ${value}\r\n`),
  row('an empty first line', 'refuse', (field, value) => `${field}:\r\n${field}: ${value}\r\n`),
  row('a member before', 'refuse', (field, value) => `${field}: x, ${value}x\r\n`),
  row('an empty member before', 'refuse', (field, value) => `${field}: ,${value}\r\n`),
  row('an empty member behind', 'refuse', (field, value) => `${field}: ${value},\r\n`),
  row('a parameter', 'refuse', (field, value) => `${field}: ${value};x=y\r\n`),
  row('quotes', 'refuse', (field, value) => `${field}: "${value}"\r\n`),
]
