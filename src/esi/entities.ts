/** Entities in the attributes of an ESI element: the five of XML, and characters by their number. What is none stays as it is. */

const NAMED: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" }
/** Characters between `&` and `;` of the longest entity that is looked for. */
const LONGEST = 9
const NUMBER = /^#(?:([0-9]{1,7})|[xX]([0-9a-fA-F]{1,6}))$/
const LAST_CODE_POINT = 0x10ffff

export function decodeEntities(text: string): string {
  let at = text.indexOf('&')
  if (at < 0) return text
  let decoded = ''
  let from = 0
  for (; at >= 0; at = text.indexOf('&', at + 1)) {
    const name = nameAt(text, at + 1)
    const character = name === null ? null : characterOf(name)
    if (name === null || character === null) continue
    decoded += text.slice(from, at) + character
    from = at + name.length + 2
    at = from - 1
  }
  return decoded + text.slice(from)
}

/** What stands before the `;`, or `null` where none is near. */
function nameAt(text: string, at: number): string | null {
  for (let end = at; end <= at + LONGEST && end < text.length; end++) if (text.charCodeAt(end) === 0x3b) return text.slice(at, end)
  return null
}

function characterOf(name: string): string | null {
  if (Object.hasOwn(NAMED, name)) return NAMED[name] ?? null
  const number = NUMBER.exec(name)
  if (number === null) return null
  const code = number[1] === undefined ? Number.parseInt(number[2] ?? '', 16) : Number(number[1])
  return code <= LAST_CODE_POINT ? String.fromCodePoint(code) : null
}
