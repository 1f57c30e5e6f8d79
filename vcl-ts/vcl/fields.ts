/** Header fields of several lines, as the VMODs std and header treat them. */
import type { HeaderMap } from '../headers.ts'

/** Makes one line of all lines of a field (`std.collect`). */
export function collect(headers: HeaderMap, name: string, separator: string = ', '): void {
  const lines = headers.getAll(name)
  if (lines.length > 1) headers.set(name, lines.join(separator))
}

/** The first line that matches (`header.get`). */
export function lineMatching(headers: HeaderMap, name: string, pattern: RegExp): string | undefined {
  return headers.getAll(name).find((line) => pattern.test(line))
}

/** Removes every line that matches (`header.remove`). */
export function removeMatching(headers: HeaderMap, name: string, pattern: RegExp): void {
  const lines = headers.getAll(name)
  const kept = lines.filter((line) => !pattern.test(line))
  if (kept.length === lines.length) return
  headers.delete(name)
  for (const line of kept) headers.append(name, line)
}

/** Adds all lines of a field under another name (`header.copy`). */
export function copyField(from: HeaderMap, name: string, to: HeaderMap, as: string): void {
  for (const line of from.getAll(name)) to.append(as, line)
}

/** Replaces the first match, or with `all` every one, in each whole line `name: value` (`header.regsub`). */
export function replaceFields(headers: HeaderMap, pattern: RegExp, by: string, all: boolean = false): void {
  const every = new RegExp(pattern.source, `${pattern.flags.replace('g', '')}${all ? 'g' : ''}`)
  for (const [name, value] of [...headers]) {
    const line = `${name}: ${value}`
    const made = line.replace(every, by)
    if (made === line) continue
    const at = made.indexOf(':')
    removeMatching(headers, name, exactly(value))
    if (at > 0) headers.append(made.slice(0, at).trim(), made.slice(at + 1).trim())
  }
}

function exactly(value: string): RegExp {
  return new RegExp(`^${value.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&')}$`)
}
