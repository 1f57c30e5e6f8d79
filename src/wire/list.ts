/** Comma-separated lists of field values (RFC 9110 §5.6.1): how a value falls into members. */

const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/
const QUOTE = 34
const COMMA = 44
const BACKSLASH = 92

/** Whether text is a `token` (RFC 9110 §5.6.2). */
export function isToken(text: string): boolean {
  return TOKEN.test(text)
}

/** Without leading and trailing SP and HTAB. `String.trim` would also take U+00A0, which is obs-text. */
export function trimOws(text: string): string {
  let from = 0
  let to = text.length
  while (from < to && isOws(text.charCodeAt(from))) from++
  while (to > from && isOws(text.charCodeAt(to - 1))) to--
  return from === 0 && to === text.length ? text : text.slice(from, to)
}

/** Members in order, trimmed, empty ones left out; commas inside quoted strings do not separate. An unclosed quote takes the rest. */
export function splitQuoted(value: string): string[] {
  const members: string[] = []
  let start = 0
  let quoted = false
  for (let at = 0; at < value.length; at++) {
    const code = value.charCodeAt(at)
    if (code === QUOTE) quoted = !quoted
    else if (quoted && code === BACKSLASH) at++
    else if (code === COMMA && !quoted) {
      pushMember(members, value.slice(start, at))
      start = at + 1
    }
  }
  pushMember(members, value.slice(start))
  return members
}

/** Members of a list that holds no quoted strings, trimmed, empty ones left out. */
export function splitPlain(value: string): string[] {
  const members: string[] = []
  for (const member of value.split(',')) pushMember(members, member)
  return members
}

function pushMember(members: string[], raw: string): void {
  const member = trimOws(raw)
  if (member !== '') members.push(member)
}

function isOws(code: number): boolean {
  return code === 32 || code === 9
}
