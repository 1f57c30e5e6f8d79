/** Byte sizes as people write them: `512M`, `1.5G`, `64KiB`. A unit is a power of 1024. */

const UNITS = 'KMGT'
const PATTERN = /^(\d+(?:\.\d+)?)(?:([kmgt])i?)?b?$/i

/** Bytes of a size, or `null` when it cannot be read. */
export function parseSize(text: string): number | null {
  const match = PATTERN.exec(text.trim())
  if (match?.[1] === undefined) return null
  const power = match[2] === undefined ? 0 : UNITS.indexOf(match[2].toUpperCase()) + 1
  const bytes = Math.floor(Number(match[1]) * 1024 ** power)
  return Number.isSafeInteger(bytes) ? bytes : null
}

/** A size for people, three digits at most before the unit: `512 MiB`, `1.5 GiB`, `900 B`. */
export function formatSize(bytes: number): string {
  let power = 0
  let value = bytes
  while (value >= 1000 && power < UNITS.length) {
    value /= 1024
    power++
  }
  const unit = power === 0 ? 'B' : `${UNITS[power - 1]}iB`
  return `${value >= 100 || Number.isInteger(value) ? Math.round(value) : Number(value.toPrecision(2))} ${unit}`
}
