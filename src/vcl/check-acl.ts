/** The entries of ACLs. */

import { addressBytes, addressText, masked, networkBytes } from './addresses.ts'
import type { AclDeclaration, AclEntry } from './ast.ts'
import type { CheckedAcl, CheckedAclEntry } from './checked-ast.ts'
import type { Checking } from './checking.ts'

const FLAGS = ['log', 'table', 'pedantic', 'fold']

export function checkAcl(checking: Checking, declaration: AclDeclaration): CheckedAcl {
  const flags = new Map<string, boolean>()
  for (const { name, on, span } of declaration.flags) {
    if (!FLAGS.includes(name)) checking.complain(span, `ACLs have no flag ‘${name}’`, `there are ${FLAGS.join(', ')}`)
    flags.set(name, on)
  }
  const pedantic = flags.get('pedantic') ?? true
  const entries = declaration.entries.map((entry) => checkEntry(checking, entry, pedantic))
  refuseContradiction(checking, entries)
  const { name, closing, span, leading, trailing, inner, blankBefore } = declaration
  return {
    kind: 'acl',
    name: name.name,
    log: flags.get('log') ?? false,
    table: flags.get('table') ?? false,
    fold: flags.get('fold') ?? true,
    pedantic,
    entries,
    closing,
    span,
    leading,
    trailing,
    inner,
    blankBefore,
  }
}

function checkEntry(checking: Checking, entry: AclEntry, pedantic: boolean): CheckedAclEntry {
  const { host, hostSpan, mask } = entry
  const part = networkBytes(host)
  const bytes = part === null ? addressBytes(host) : [...part, 0, 0, 0, 0].slice(0, 4)
  if (bytes === null) return named(checking, entry)
  const most = bytes.length * 8
  const written = mask ?? (part === null || part.length === 4 ? null : part.length * 8)
  if (written !== null && written > most)
    checking.complain(
      hostSpan,
      `the mask /${written} is longer than ${bytes.length === 4 ? 'an IPv4' : 'an IPv6'} address`,
      `at most /${most}`,
    )
  const network = masked(bytes, written ?? most)
  if (pedantic && network.join() !== bytes.join())
    checking.complain(
      hostSpan,
      `${addressText(bytes)} has bits behind its mask of /${written}`,
      `write "${addressText(network)}"/${written}`,
    )
  return { ...plain(entry), host: addressText(network), isAddress: true, mask: written }
}

function named(checking: Checking, entry: AclEntry): CheckedAclEntry {
  // What is optional and no name is never resolved.
  if (!entry.optional && (!/^[A-Za-z0-9_](?:[A-Za-z0-9_.-]*[A-Za-z0-9_.])?$/.test(entry.host) || /^[\d.]+$/.test(entry.host)))
    checking.complain(entry.hostSpan, `${JSON.stringify(entry.host)} is no address and no name`, 'write "192.0.2.0"/24 or "host.example"')
  return { ...plain(entry), host: entry.host, isAddress: false, mask: entry.mask }
}

function plain({
  negated,
  optional,
  span,
  leading,
  trailing,
  inner,
  blankBefore,
}: AclEntry): Omit<CheckedAclEntry, 'host' | 'isAddress' | 'mask'> {
  return { negated, optional, span, leading, trailing, inner, blankBefore }
}

function refuseContradiction(checking: Checking, entries: readonly CheckedAclEntry[]): void {
  const seen = new Map<string, boolean>()
  for (const { host, mask, negated, span } of entries) {
    const key = `${host}/${mask ?? ''}`
    if (seen.get(key) === !negated)
      checking.complain(span, `${key.replace(/\/$/, '')} is both on this list and excepted from it`, 'remove one of both')
    seen.set(key, negated)
  }
}
