/** Changes to header fields that take more than one call of `HeaderMap`: over all lines of a name, or within their values. */
import type { HeaderMap } from './headers.ts'

/** Works on all lines of a field. */
export interface Fields {
  /** Adds to the value of the last line, behind the separator (`, `); a field that is not there becomes this. */
  readonly append: (headers: HeaderMap, name: string, text: string, separator?: string) => void
  /** Makes one line of all of a name (`std.collect`), joined by the separator: of `Cookie` `; `, else `, `. */
  readonly collect: (headers: HeaderMap, name: string, separator?: string) => void
  /** Gives a field the lines of another one, in place of its own; with none it goes. */
  readonly copy: (headers: HeaderMap, from: string, to: string) => void
  /** Removes the lines whose value a pattern finds; answers how many went. */
  readonly remove: (headers: HeaderMap, name: string, pattern: RegExp) => number
  /** `value.replace(pattern, replacement)` in every line; answers whether anything changed. */
  readonly replace: (headers: HeaderMap, name: string, pattern: RegExp, replacement: string) => boolean
  /** The same in the first line alone, as VCL's `regsub` sees it. */
  readonly replaceFirst: (headers: HeaderMap, name: string, pattern: RegExp, replacement: string) => boolean
  /** Adds a member to a list such as `Vary` unless it is there, whatever its case, or the list is `*`. */
  readonly include: (headers: HeaderMap, name: string, member: string) => void
  /** Takes a member out of a list, whatever its case; the field goes with its last one. */
  readonly exclude: (headers: HeaderMap, name: string, member: string) => void
}

/**
 * `fields.include(resp.headers, 'Vary', 'Origin')`. All throw a `TypeError` where `HeaderMap.set` does: for message framing, and for a value that
 * no field may have.
 */
export const fields: Fields = Object.freeze({
  append(headers: HeaderMap, name: string, text: string, separator = ', ') {
    const lines = headers.getAll(name)
    const last = lines.pop()
    putLines(headers, name, [...lines, last === undefined ? text : `${last}${separator}${text}`])
  },
  collect(headers: HeaderMap, name: string, separator = name.toLowerCase() === 'cookie' ? '; ' : ', ') {
    const lines = headers.getAll(name)
    if (lines.length > 1) headers.set(name, lines.join(separator))
  },
  copy(headers: HeaderMap, from: string, to: string) {
    putLines(headers, to, headers.getAll(from))
  },
  remove(headers: HeaderMap, name: string, pattern: RegExp) {
    const lines = headers.getAll(name)
    const kept = lines.filter((line) => line.search(pattern) < 0)
    if (kept.length < lines.length) putLines(headers, name, kept)
    return lines.length - kept.length
  },
  replace: (headers: HeaderMap, name: string, pattern: RegExp, replacement: string) =>
    changeLines(headers, name, (line) => line.replace(pattern, replacement)),
  replaceFirst: (headers: HeaderMap, name: string, pattern: RegExp, replacement: string) =>
    changeLines(headers, name, (line, index) => (index === 0 ? line.replace(pattern, replacement) : line)),
  include(headers: HeaderMap, name: string, member: string) {
    const members = membersOf(headers, name)
    if (!members.some((each) => each === '*' || sameName(each, member))) putLines(headers, name, [[...members, member].join(', ')])
  },
  exclude(headers: HeaderMap, name: string, member: string) {
    const members = membersOf(headers, name)
    const kept = members.filter((each) => !sameName(each, member))
    if (kept.length < members.length) putLines(headers, name, kept.length === 0 ? [] : [kept.join(', ')])
  },
})

function changeLines(headers: HeaderMap, name: string, change: (line: string, index: number) => string): boolean {
  const before = headers.getAll(name)
  const after = before.map(change)
  if (after.every((line, index) => line === before[index])) return false
  putLines(headers, name, after)
  return true
}

function putLines(headers: HeaderMap, name: string, [first, ...more]: readonly string[]): void {
  if (first === undefined) {
    headers.delete(name)
    return
  }
  headers.set(name, first)
  for (const line of more) headers.append(name, line)
}

function membersOf(headers: HeaderMap, name: string): string[] {
  return (headers.joined(name) ?? '')
    .split(',')
    .map((member) => member.trim())
    .filter((member) => member !== '')
}

function sameName(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase()
}
