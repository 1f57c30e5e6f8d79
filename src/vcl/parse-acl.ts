/** `acl name +flag { "host"/mask; }` */
import type { AclDeclaration, AclEntry, AclFlag } from './ast.ts'
import type { Begun, Cursor } from './parse-cursor.ts'
import { parseInclude } from './parse-include.ts'
import { shown } from './token.ts'

export function parseAcl(cursor: Cursor, begun: Begun): AclDeclaration {
  cursor.take()
  const name = cursor.identifier('the ACL')
  const flags = parseFlags(cursor)
  const open = cursor.token
  cursor.expect('{', 'before the ACL’s entries')
  const entries = parseEntries(cursor, () => cursor.at('}'))
  const closing = cursor.claim()
  if (!cursor.failed && cursor.atEnd) cursor.failUnclosed('the ACL that begins here has no end', 'close it with ‘}’', open.span)
  cursor.skip('}')
  return { kind: 'acl', name, flags, entries, closing, ...cursor.finish(begun) }
}

function parseFlags(cursor: Cursor): AclFlag[] {
  const flags: AclFlag[] = []
  while (cursor.at('+') || cursor.at('-')) {
    const on = cursor.take().text === '+'
    const { name, span } = cursor.identifier('a flag')
    flags.push({ on, name, span })
    // `+fold(-report)` says whether folding is told of, which nobody hears here.
    if (cursor.at('(')) {
      if (!on || name !== 'fold') cursor.fail('only +fold has flags of its own', null)
      cursor.take()
      if (!cursor.skip('-')) cursor.skip('+')
      const { name: report, span: at } = cursor.identifier('a flag of +fold')
      if (report !== 'report') cursor.fail(`+fold has no flag ‘${report}’`, 'the only one is report', at)
      cursor.expect(')', 'after the flag')
    }
  }
  return flags
}

function parseEntries(cursor: Cursor, isOver: () => boolean): AclEntry[] {
  const entries: AclEntry[] = []
  while (!cursor.failed && !cursor.atEnd && !isOver() && !cursor.exhausted) {
    const begun = cursor.begin()
    if (cursor.atWord('include')) entries.push(...parseInclude(cursor, begun, (inside) => parseEntries(inside, () => false)).content)
    else {
      const entry = parseEntry(cursor, begun)
      if (!cursor.failed) entries.push(entry)
    }
    cursor.recover()
    if (!isOver()) cursor.skip('}')
  }
  return entries
}

function parseEntry(cursor: Cursor, begun: Begun): AclEntry {
  const negatedBefore = cursor.skip('!')
  const optional = cursor.skip('(')
  const negated = cursor.skip('!') || negatedBefore
  const { token } = cursor
  if (token.kind === 'string') cursor.take()
  else cursor.fail(`an entry is an address or a name in quotes; found ${shown(token)}`, null)
  const [host, within, ...more] = token.text.split('/')
  let mask = within === undefined ? null : maskOf(cursor, within, token.span)
  if (more.length > 0) cursor.fail('an entry has one mask', null, token.span)
  if (cursor.at('/')) {
    if (within !== undefined) cursor.fail('an entry has one mask', null)
    cursor.take()
    const number = cursor.token
    if (number.kind === 'int') cursor.take()
    else cursor.fail(`a mask is a number of bits; found ${shown(number)}`, null)
    mask = Number(number.text)
  }
  if (optional) cursor.expect(')', 'after the entry')
  cursor.expectSemicolon('the entry')
  return { negated, host: host ?? '', hostSpan: token.span, mask, optional, ...cursor.finish(begun) }
}

function maskOf(cursor: Cursor, text: string, span: AclEntry['hostSpan']): number {
  if (!/^\d{1,3}$/.test(text)) cursor.fail(`the mask ${JSON.stringify(text)} is no number of bits`, null, span)
  return Number(text)
}
