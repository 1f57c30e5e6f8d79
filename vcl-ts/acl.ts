/** Address lists as in VCL: networks with negation, the most specific entry decides. IPv4 and IPv6 are apart. */

/** An address list. */
export interface Acl {
  /** What it is, for whoever prints it. */
  readonly type: 'acl'
  /** What the transaction log calls it; `null`: it has no name, and the log does not tell who was looked for in it. */
  readonly name: string | null
  /** The same list under a name, such as `office`. */
  readonly named: (name: string) => Acl
  /** As they were given. */
  readonly entries: readonly string[]
  /** Whether an address is on the list. Text that is no address is not; a zone id (`%eth0`) is ignored; `::ffff:a.b.c.d` is `a.b.c.d`. */
  readonly matches: (address: string) => boolean
  /** The entry that decides about an address, as it was written, with its `!`; `null`: none is for it. */
  readonly entryFor: (address: string) => string | null
}

/** Told of an address that was looked for: the list, and the entry that decided, `null` if none is for it. */
export type AclObserver = (name: string, entry: string | null) => void

let observer: AclObserver | null = null

/** Who is told, from now on, of every address that is looked for in a list with a name; `null`: nobody. */
export function observeAcls(told: AclObserver | null): void {
  observer = told
}

interface Network {
  readonly family: 4 | 6
  readonly words: readonly number[]
  readonly length: number
  readonly negated: boolean
  readonly text: string
}

/**
 * A list of `address`, `address/length`, and `!` before either for “but not this”. Nothing matches an empty list.
 * Throws a `TypeError` for anything else: a host name, address bits behind the prefix, an entry both listed and negated.
 */
export function acl(...entries: readonly string[]): Acl {
  const networks = entries.map(parseEntry).sort((a, b) => b.length - a.length)
  refuseContradiction(networks)
  return listed(null, Object.freeze([...entries]), networks)
}

function listed(name: string | null, entries: readonly string[], networks: readonly Network[]): Acl {
  const decisive = (address: string): Network | undefined => {
    const ip = parseAddress(address)
    return ip === null ? undefined : networks.find((network) => network.family === ip.family && covers(network, ip.words))
  }
  return Object.freeze({
    type: 'acl',
    name,
    named: (other: string) => listed(other, entries, networks),
    entries,
    matches: (address: string) => {
      const network = decisive(address)
      if (observer !== null && name !== null) observer(name, network?.text ?? null)
      return network?.negated === false
    },
    entryFor: (address: string) => decisive(address)?.text ?? null,
  })
}

export interface Address {
  readonly family: 4 | 6
  /** 16 bits each: two words of IPv4, eight of IPv6. */
  readonly words: readonly number[]
}

function parseEntry(text: string): Network {
  const match = typeof text === 'string' ? /^(!?)([0-9a-fA-F.:]+)(?:\/(\d{1,3}))?$/.exec(text) : null
  const mapped = match === null ? null : parseWords(match[2] as string)
  if (match === null || mapped === null)
    throw new TypeError(
      `acl entry ${JSON.stringify(text)} is not an address or network, such as '10.0.0.0/8', '!10.1.2.3', '2001:db8::/32'`,
    )
  const written = match[3] === undefined ? mapped.words.length * 16 : Number(match[3])
  if (written > mapped.words.length * 16) throw new TypeError(`acl entry ${JSON.stringify(text)}: /${written} is too long`)
  const isMapped = mapped.family === 6 && written >= 96 && isMappedIpv4(mapped.words)
  const words = isMapped ? mapped.words.slice(6) : mapped.words
  const length = isMapped ? written - 96 : written
  if (words.some((word, index) => (word & ~mask(length, index)) !== 0))
    throw new TypeError(`acl entry ${JSON.stringify(text)} has address bits behind its prefix of /${written}`)
  return { family: isMapped ? 4 : mapped.family, words, length, negated: match[1] === '!', text }
}

function refuseContradiction(networks: readonly Network[]): void {
  const seen = new Map<string, Network>()
  for (const network of networks) {
    const key = `${network.words.join(':')}/${network.length}`
    const other = seen.get(key)
    if (other !== undefined && other.negated !== network.negated)
      throw new TypeError(`acl entries ${JSON.stringify(other.text)} and ${JSON.stringify(network.text)} contradict each other`)
    seen.set(key, network)
  }
}

function covers(network: Network, words: readonly number[]): boolean {
  return network.words.every((word, index) => word === ((words[index] as number) & mask(network.length, index)))
}

/** The bits of the 16-bit word at `index` that a prefix of `length` covers. */
function mask(length: number, index: number): number {
  const bits = Math.min(16, Math.max(0, length - index * 16))
  return (0xffff << (16 - bits)) & 0xffff
}

/** `null` for what is no address; an IPv4 address in IPv6 form is IPv4. */
export function parseAddress(text: string): Address | null {
  const zone = text.indexOf('%')
  const address = parseWords(zone < 0 ? text : text.slice(0, zone))
  if (address === null || address.family === 4 || !isMappedIpv4(address.words)) return address
  return { family: 4, words: address.words.slice(6) }
}

function isMappedIpv4(words: readonly number[]): boolean {
  return words[5] === 0xffff && words.slice(0, 5).every((word) => word === 0)
}

function parseWords(text: string): Address | null {
  if (!text.includes(':')) {
    const words = parseIpv4(text)
    return words === null ? null : { family: 4, words }
  }
  const words = parseIpv6(text)
  return words === null ? null : { family: 6, words }
}

/** Four decimal numbers without leading zeros, which some read as octal. */
function parseIpv4(text: string): number[] | null {
  const match = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(text)
  if (match === null) return null
  const parts = match.slice(1)
  if (parts.some((part) => Number(part) > 255 || (part.length > 1 && part.startsWith('0')))) return null
  const [a, b, c, d] = parts.map(Number) as [number, number, number, number]
  return [a * 256 + b, c * 256 + d]
}

/** RFC 4291 §2.2, the last 32 bits possibly as IPv4. */
function parseIpv6(text: string): number[] | null {
  const halves = text.split('::')
  if (halves.length > 2) return null
  const head = parseGroups(halves[0] as string, halves.length === 1)
  const tail = halves.length === 2 ? parseGroups(halves[1] as string, true) : []
  if (head === null || tail === null) return null
  const missing = 8 - head.length - tail.length
  if (halves.length === 1 ? missing !== 0 : missing < 1) return null
  return [...head, ...new Array<number>(missing).fill(0), ...tail]
}

function parseGroups(text: string, last: boolean): number[] | null {
  if (text === '') return []
  const words: number[] = []
  const groups = text.split(':')
  for (const [index, group] of groups.entries()) {
    if (/^[0-9a-fA-F]{1,4}$/.test(group)) words.push(Number.parseInt(group, 16))
    else {
      const dotted = last && index === groups.length - 1 ? parseIpv4(group) : null
      if (dotted === null) return null
      words.push(...dotted)
    }
  }
  return words
}
