/** The text of a variant taken apart again: the scheme, and the values of the fields that Vary names. */
import type { ExplainedVariant, VaryValue } from '../explanation.ts'

/** `names` as the variant was made under them, `variant` as the table has it. */
export function variantParts(names: readonly string[], variant: string): ExplainedVariant {
  const end = names.length === 0 ? variant.length : variant.indexOf(' ')
  const scheme = variant.slice(0, end)
  const vary: VaryValue[] = []
  let at = end + 1
  for (const name of names) {
    at += name.length
    if (variant[at] === ';') {
      vary.push({ name, value: null })
      at++
      continue
    }
    const colon = variant.indexOf(':', at + 1)
    const length = Number(variant.slice(at + 1, colon))
    vary.push({ name, value: variant.slice(colon + 1, colon + 1 + length) })
    at = colon + 1 + length
  }
  return { scheme: scheme === '' ? null : scheme, vary }
}
