/** `acl` as a constant; names in it are resolved when the policy is loaded, as Varnish does. */
import type { CheckedAcl, CheckedAclEntry } from '../checked-ast.ts'
import { leadingLines, trailingText } from './comments.ts'
import { quoted } from './javascript.ts'
import type { PolicyModule } from './module.ts'

interface Entry {
  readonly leading: readonly string[]
  readonly code: string
  readonly trailing: string
  /** It has to be looked up. */
  readonly late: boolean
}

export function emitAcl(declared: CheckedAcl, module: PolicyModule): readonly string[] {
  const name = module.names.of(declared.name, 'acl')
  const acl = module.use('acl')
  const seen = new Set<string>()
  const entries = declared.entries.flatMap((entry) => entriesOf(entry, module, seen))
  const late = entries.some((entry) => entry.late)
  const lines = listLines(entries)
  const head = leadingLines(declared)
  const trailing = trailingText(declared)
  // As the log calls it.
  const end = `).named(${quoted(declared.name)})`
  if (!late) return [...head, ...joined(`const ${name} = ${acl}(`, lines, `${end}${trailing}`)]
  const resolve = `resolve${name[0]?.toUpperCase() ?? ''}${name.slice(1)}`
  module.names.reserve(resolve)
  module.init.push(`${name} = await ${resolve}()`)
  return [...head, `let ${name} = ${acl}()${trailing}`, ...joined(`const ${resolve} = async () => ${acl}(`, lines, end)]
}

function entriesOf(entry: CheckedAclEntry, module: PolicyModule, seen: Set<string>): Entry[] {
  const not = entry.negated ? '!' : ''
  const leading = leadingLines(entry)
  const trailing = trailingText(entry)
  const plain = (address: string): Entry[] => {
    const text = masked(address, entry.mask)
    if (seen.has(text)) return []
    seen.add(text)
    return [{ leading, code: quoted(not + text), trailing, late: false }]
  }
  if (entry.isAddress) return plain(entry.host)
  if (entry.host === 'localhost' && entry.mask === null) {
    const [first, ...rest] = ['127.0.0.1', '::1'].flatMap(plain)
    return first === undefined ? [] : [{ ...first, trailing: '' }, ...rest.map((each) => ({ ...each, leading: [] }))]
  }
  const lookup = `(await ${addresses(module)}(${quoted(entry.host)}${entry.optional ? ', true' : ''}))`
  const mapped = not === '' && entry.mask === null ? '' : `.map((ip) => \`${not}\${ip}${entry.mask === null ? '' : `/${entry.mask}`}\`)`
  return [{ leading, code: `...${lookup}${mapped}`, trailing, late: true }]
}

function addresses(module: PolicyModule): string {
  const lookup = module.node('node:dns/promises', 'lookup')
  return module.constant(
    'addresses',
    `async (name: string, optional = false): Promise<string[]> => {
  try {
    return (await ${lookup}(name, { all: true })).map(({ address }: { address: string }) => address)
  } catch (error) {
    if (optional) return []
    throw error
  }
}`,
  )
}

/** Without the bits behind the mask, which VCL allows with `-pedantic`. */
function masked(address: string, mask: number | null): string {
  if (mask === null) return address
  const parts = address.split('.').map(Number)
  if (parts.length !== 4 || parts.some(Number.isNaN)) return `${address}/${mask}`
  const kept = parts.map((part, index) => part & (0xff << (8 - Math.min(8, Math.max(0, mask - 8 * index)))) & 0xff)
  return `${kept.join('.')}/${mask}`
}

function listLines(entries: readonly Entry[]): readonly string[] {
  const commented = entries.some(({ leading, trailing }) => leading.length > 0 || trailing !== '')
  const single = entries.map(({ code }) => code).join(', ')
  if (!commented && single.length <= 90) return [single]
  return entries.flatMap(({ leading, code, trailing }) => [...leading, `${code},${trailing}`])
}

function joined(head: string, lines: readonly string[], end: string): readonly string[] {
  if (lines.length <= 1 && !lines[0]?.includes('//')) return [`${head}${lines[0] ?? ''}${end}`]
  return [head, ...lines.map((line) => `  ${line}`), end]
}
