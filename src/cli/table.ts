/** Text in columns, and text from elsewhere made safe to show. */

/** Rows with their columns aligned, titles first unless `headless`; columns whose title begins with a blank are aligned right. */
export function columns(titles: readonly string[], rows: readonly (readonly string[])[], headless: boolean = false): string {
  const all = [titles.map((title) => title.trim()), ...rows]
  const widths = titles.map((_, column) => Math.max(...all.map((row) => shown(row[column] ?? '').length)))
  const cell = (text: string, column: number): string => {
    const width = widths[column] ?? 0
    if (titles[column]?.startsWith(' ') === true) return shown(text).padStart(width)
    return shown(text).padEnd(width)
  }
  return (headless ? rows : all).map((row) => `${row.map(cell).join('  ').trimEnd()}\n`).join('')
}

/** `name  value`, a line each. */
export function pairLines(pairs: readonly (readonly [name: string, value: string])[], indent: string = ''): string {
  const width = Math.max(0, ...pairs.map(([name]) => name.length))
  return pairs.map(([name, value]) => `${indent}${`${shown(name).padEnd(width)}  ${shown(value)}`.trimEnd()}\n`).join('')
}

/** Control characters, which could steer a terminal, as escapes. */
export function shown(text: string): string {
  return text.replace(/[\x00-\x1f\x7f-\x9f]/g, (character) => `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`)
}
