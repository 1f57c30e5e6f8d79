/** The text of a variant taken apart again: the scheme, and the values of the fields that Vary names. */
import { schemeAndArm, variantField } from '../../wire/vary.ts'
import type { ExplainedVariant } from '../explanation.ts'

/** `names` as the variant was made under them, `variant` as the table has it. */
export function variantParts(names: readonly string[], variant: string): ExplainedVariant {
  return { ...schemeAndArm(variant), vary: names.map((name) => ({ name, value: shownValue(variant, name) })) }
}

/** A language without a weight has that of 1, which need not be said. */
function shownValue(variant: string, name: string): string | null {
  const value = variantField(variant, name) ?? null
  return name === 'accept-language' && value !== null ? value.replace(/;1(?=,|$)/g, '') : value
}
