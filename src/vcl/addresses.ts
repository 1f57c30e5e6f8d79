/** IP addresses as text and as bytes. */

/** Four bytes or sixteen; `null`: no address. */
export function addressBytes(text: string): readonly number[] | null {
  return text.includes(':') ? ipv6Bytes(text) : ipv4Bytes(text)
}

function ipv4Bytes(text: string): readonly number[] | null {
  const parts = text.split('.')
  return parts.length === 4 && parts.every(isByte) ? parts.map(Number) : null
}

/** `10`, `192.168`: the first bytes of an IPv4 network. */
export function networkBytes(text: string): readonly number[] | null {
  const parts = text.split('.')
  return parts.length <= 4 && parts.every(isByte) ? parts.map(Number) : null
}

function isByte(text: string): boolean {
  return /^\d{1,3}$/.test(text) && Number(text) < 256
}

function ipv6Bytes(text: string): readonly number[] | null {
  const halves = text.split('::')
  if (halves.length > 2) return null
  const [head, tail = []] = halves.map((half) => (half === '' ? [] : words(half.split(':'))))
  if (head === undefined || head === null || tail === null) return null
  const missing = 8 - head.length - tail.length
  if (halves.length === 2 ? missing < 1 : missing !== 0) return null
  return [...head, ...Array.from({ length: missing }, () => 0), ...tail].flatMap((word) => [word >> 8, word & 0xff])
}

/** The last two words may be written as an IPv4 address. */
function words(parts: readonly string[]): readonly number[] | null {
  const found: number[] = []
  for (const [index, part] of parts.entries()) {
    const ipv4 = index === parts.length - 1 && part.includes('.') ? ipv4Bytes(part) : null
    if (ipv4 !== null) found.push(((ipv4[0] ?? 0) << 8) | (ipv4[1] ?? 0), ((ipv4[2] ?? 0) << 8) | (ipv4[3] ?? 0))
    else if (/^[0-9a-fA-F]{1,4}$/.test(part)) found.push(Number.parseInt(part, 16))
    else return null
  }
  return found
}

export function addressText(bytes: readonly number[]): string {
  if (bytes.length === 4) return bytes.join('.')
  const groups = Array.from({ length: 8 }, (_, index) => (((bytes[index * 2] ?? 0) << 8) | (bytes[index * 2 + 1] ?? 0)).toString(16))
  const zeros = [...groups.join(':').matchAll(/(?<![0-9a-f])0(?::0)+(?![0-9a-f])/g)].map(([run]) => run)
  const longest = zeros.reduce((best, run) => (run.length > best.length ? run : best), '')
  return longest === ''
    ? groups.join(':')
    : groups
        .join(':')
        .replace(longest, ':')
        .replace(/^:(?!:)|(?<!:):$/g, '::')
        .replace(/:{3,}/, '::')
}

/** The address with all bits behind the prefix 0. */
export function masked(bytes: readonly number[], prefix: number): readonly number[] {
  return bytes.map((byte, index) => byte & (0xff00 >> Math.min(8, Math.max(0, prefix - index * 8))) & 0xff)
}
