/** Reads the fields of exported interfaces, with their types and comments, from source text in this repository's own formatting. */

export interface Field {
  readonly name: string
  readonly type: string
  readonly readonly: boolean
  /** One line. */
  readonly prose: string
}

export interface Interface {
  readonly name: string
  /** What it extends, as written; `''` for nothing. */
  readonly base: string
  readonly prose: string
  readonly fields: readonly Field[]
}

const HEAD = /^export interface (\w+)(?:<[^{]*>)?(?: extends (.+?))? \{$/
const MEMBER = /^ {2}(readonly |get |set )?(\w+)(\??)(.*)$/

/** Throws for a line that it does not understand, so that no field is left out silently. */
export function readInterfaces(source: string): ReadonlyMap<string, Interface> {
  const found = new Map<string, Interface>()
  const lines = source.split('\n')
  let comment = ''
  for (let at = 0; at < lines.length; at++) {
    const line = lines[at] as string
    if (line.startsWith('/**')) {
      const end = endOfComment(lines, at)
      comment = textOf(lines.slice(at, end + 1))
      at = end
      continue
    }
    const head = HEAD.exec(line)
    if (head !== null) {
      const end = lines.indexOf('}', at)
      const [, name = '', base = ''] = head
      found.set(name, { name, base, prose: comment, fields: readFields(lines.slice(at + 1, end)) })
      at = end
    }
    comment = ''
  }
  return found
}

function readFields(lines: readonly string[]): readonly Field[] {
  const fields: Field[] = []
  let comment = ''
  for (let at = 0; at < lines.length; at++) {
    const line = lines[at] as string
    if (line.trim().startsWith('/**')) {
      const end = endOfComment(lines, at)
      comment = textOf(lines.slice(at, end + 1))
      at = end
      continue
    }
    const member = MEMBER.exec(line)
    if (member === null) throw new Error(`the reference cannot read the line ${JSON.stringify(line)}`)
    const [, access, name = '', optional = '', rest = ''] = member
    const setter = fields.find((field) => field.name === name)
    if (access === 'set ' && setter !== undefined) {
      fields[fields.indexOf(setter)] = { ...setter, readonly: false, type: /value: ([^)]+)\)/.exec(rest)?.[1] ?? setter.type }
    } else {
      const type = access === 'get ' ? rest.replace(/^\(\): /, '') : rest.startsWith('(') ? rest : rest.replace(/^: /, '')
      fields.push({ name: name + optional, type, readonly: access === 'readonly ' || access === 'get ', prose: comment })
    }
    comment = ''
  }
  return fields
}

function endOfComment(lines: readonly string[], from: number): number {
  return lines.findIndex((line, index) => index >= from && line.includes('*/'))
}

function textOf(lines: readonly string[]): string {
  return lines
    .map((line) => line.replace(/^\s*\/?\*+\/?\s?/, '').replace(/\s*\*\/$/, ''))
    .join(' ')
    .trim()
}
