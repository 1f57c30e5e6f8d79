/** The text of a variant taken apart again: the scheme, and the values of the fields that Vary names. */
import { variantField } from '../../wire/vary.ts'
import type { ExplainedVariant } from '../explanation.ts'

/** `names` as the variant was made under them, `variant` as the table has it. */
export function variantParts(names: readonly string[], variant: string): ExplainedVariant {
  const scheme = names.length === 0 ? variant : variant.slice(0, variant.indexOf(' '))
  return { scheme: scheme === '' ? null : scheme, vary: names.map((name) => ({ name, value: variantField(variant, name) ?? null })) }
}
