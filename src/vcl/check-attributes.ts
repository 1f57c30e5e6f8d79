/** The attributes of backends and probes: which there are, their types, and each once. */
import { nearest } from '../../vcl-ts/nearest.ts'
import type { Annotated, Attribute, ProbeBody } from './ast.ts'
import type { Checking } from './checking.ts'
import { listed } from './scopes.ts'
import type { Span } from './source.ts'

export type AttributeKind = 'text' | 'truth' | 'lines' | 'duration' | 'count' | 'flag' | 'blob' | 'backend' | 'probe' | 'flag or text'

const SPOKEN: Readonly<Record<AttributeKind, string>> = {
  text: 'a text in quotes',
  lines: 'one or more texts in quotes',
  duration: 'a duration, such as 2s',
  count: 'a whole number',
  truth: 'true or false',
  flag: 'true or false',
  blob: 'a blob, such as :Zm9v:',
  backend: 'the name of a backend',
  probe: 'the name of a probe, or a probe in braces',
  'flag or text': 'true, false or a text in quotes',
}

/** Attributes whose values are of the kind that they should be. */
export class Attributes {
  readonly comments: ReadonlyMap<string, Pick<Annotated, 'leading' | 'trailing'>>
  readonly #checking: Checking
  readonly #given = new Map<string, Attribute>()

  constructor(checking: Checking, what: string, attributes: readonly Attribute[], known: Readonly<Record<string, AttributeKind>>) {
    this.#checking = checking
    for (const attribute of attributes) {
      const { name, span } = attribute.name
      if (!Object.hasOwn(known, name)) {
        const meant = nearest(name, Object.keys(known))
        checking.complain(
          span,
          `${what} has no attribute .${name}`,
          meant === null ? `there are ${listed(Object.keys(known))}` : `did you mean .${meant}?`,
        )
      } else if (this.#given.has(name)) checking.complain(span, `.${name} is given twice`, 'remove one of both')
      else if (isOf(attribute, known[name] as AttributeKind)) this.#given.set(name, attribute)
      else
        checking.complain(
          attribute.value.span,
          `.${name} is ${SPOKEN[known[name] as AttributeKind]}`,
          hintFor(attribute, known[name] as AttributeKind),
        )
    }
    this.comments = new Map(
      [...this.#given]
        .filter(([, { leading, trailing }]) => leading.length + trailing.length > 0)
        .map(([name, { leading, trailing }]) => [name, { leading, trailing }]),
    )
  }

  spanOf(name: string): Span | null {
    return this.#given.get(name)?.value.span ?? null
  }

  text(name: string): string | null {
    const value = this.#given.get(name)?.value
    return value?.kind === 'string' ? value.value : null
  }

  lines(name: string): readonly string[] | null {
    const value = this.#given.get(name)?.value
    if (value?.kind === 'string') return [value.value]
    return value?.kind === 'concatenation' ? value.parts.flatMap((part) => (part.kind === 'string' ? [part.value] : [])) : null
  }

  /** A count, or the seconds of a duration. */
  number(name: string, least = 0, most: number = Number.MAX_SAFE_INTEGER): number | null {
    const value = this.#given.get(name)?.value
    if (value?.kind !== 'int' && value?.kind !== 'duration') return null
    if (value.value >= least && value.value <= most) return value.value
    this.#checking.complain(value.span, `.${name} is from ${least} to ${most}`, null)
    return null
  }

  flag(name: string): boolean | null {
    const value = this.#given.get(name)?.value
    if (value?.kind === 'bool') return value.value
    return value?.kind === 'int' ? value.value !== 0 : null
  }

  blob(name: string): string | null {
    const value = this.#given.get(name)?.value
    return value?.kind === 'blob' ? value.base64 : null
  }

  name(name: string): string | null {
    const value = this.#given.get(name)?.value
    return value?.kind === 'name' ? (value.parts[0] ?? null) : null
  }

  probe(name: string): ProbeBody | null {
    const value = this.#given.get(name)?.value
    return value?.kind === 'probe-body' ? value : null
  }
}

function isOf({ value }: Attribute, kind: AttributeKind): boolean {
  switch (kind) {
    case 'text':
      return value.kind === 'string'
    case 'lines':
      return value.kind === 'string' || value.kind === 'concatenation'
    case 'duration':
      return value.kind === 'duration'
    case 'count':
      return value.kind === 'int'
    case 'truth':
      return value.kind === 'bool'
    case 'flag':
      return value.kind === 'bool' || (value.kind === 'int' && value.value < 2)
    case 'flag or text':
      return value.kind === 'bool' || value.kind === 'string' || (value.kind === 'int' && value.value < 2)
    case 'blob':
      return value.kind === 'blob'
    case 'backend':
      return value.kind === 'name'
    case 'probe':
      return value.kind === 'name' || value.kind === 'probe-body'
  }
}

function hintFor({ value }: Attribute, kind: AttributeKind): string | null {
  if (kind === 'text' && (value.kind === 'int' || value.kind === 'name'))
    return `write "${value.kind === 'int' ? value.value : value.parts.join('.')}"`
  return kind === 'duration' && (value.kind === 'int' || value.kind === 'real') ? `write ${value.value}s` : null
}
