/** Whether a group of transactions is what a query asks for. */
import type { Comparison, NumberOperator, Query } from './query.ts'
import type { Leveled } from './transaction.ts'

export function matchesQuery(query: Query, group: readonly Leveled[]): boolean {
  switch (query.type) {
    case 'and':
      return matchesQuery(query.left, group) && matchesQuery(query.right, group)
    case 'or':
      return matchesQuery(query.left, group) || matchesQuery(query.right, group)
    case 'not':
      return !matchesQuery(query.of, group)
    case 'vxid':
      return group.some(({ vxid }) => compare(vxid, query.operator, query.operand))
    case 'record':
      return group.some((transaction) => hasRecord(query, transaction))
    default:
      return query satisfies never
  }
}

function hasRecord({ level, tags, prefix, field, comparison }: Extract<Query, { type: 'record' }>, transaction: Leveled): boolean {
  if (level !== null && (transaction.level < level.from || transaction.level > level.to)) return false
  return transaction.records.some(([tag, text]) => {
    if (!tags.has(tag)) return false
    const value = partOf(text, prefix, field)
    return value !== null && holds(comparison, value)
  })
}

/** `null`: the record has no such prefix or field. */
function partOf(text: string, prefix: string | null, field: number | null): string | null {
  if (prefix !== null && text.slice(0, prefix.length).toLowerCase() !== prefix) return null
  const rest = prefix === null ? text : text.slice(prefix.length).trim()
  if (field === null) return rest
  const found = rest.split(' ').filter((part) => part !== '')[field - 1]
  return found ?? null
}

/** What is no number is no number's equal, nor its opposite. */
function holds(comparison: Comparison, value: string): boolean {
  switch (comparison.type) {
    case 'exists':
      return true
    case 'number': {
      const number = value.trim() === '' ? Number.NaN : Number(value)
      return !Number.isNaN(number) && compare(number, comparison.operator, comparison.operand)
    }
    case 'text':
      return (value === comparison.operand) === comparison.equal
    case 'pattern':
      return comparison.matches(value) === comparison.found
    default:
      return comparison satisfies never
  }
}

function compare(value: number, operator: NumberOperator, operand: number): boolean {
  switch (operator) {
    case '==':
      return value === operand
    case '!=':
      return value !== operand
    case '<':
      return value < operand
    case '<=':
      return value <= operand
    case '>':
      return value > operand
    case '>=':
      return value >= operand
    default:
      return operator satisfies never
  }
}
