import { describe, expect, it } from 'vitest'
import { DECISIONS } from '../../vcl-ts/builtin/decision-table.ts'
import { DECISION_FIELDS, decisionsFor, PRESETS } from '../../vcl-ts/builtin/decisions.ts'
import { REASONS } from '../../vcl-ts/reason.ts'

describe('the decisions', () => {
  it('have one row each, with a clause and a text for every preset', () => {
    expect(new Set(DECISIONS.map(({ id }) => id)).size).toBe(DECISIONS.length)
    for (const row of DECISIONS) {
      expect(row.clause).toMatch(/RFC \d{4}|Varnish/)
      for (const preset of PRESETS) expect(row[preset]).not.toBe('')
      if (row.reason !== null) expect(REASONS).toHaveProperty(row.reason)
    }
  })

  it.each(PRESETS)('under %s are values that a row explains, one by one', (preset) => {
    const { preset: name, ...values } = decisionsFor(preset)
    expect(name).toBe(preset)
    expect(Object.keys(values).sort()).toEqual(Object.keys(DECISION_FIELDS).sort())
    const ids = DECISIONS.map(({ id }) => id)
    for (const id of Object.values(DECISION_FIELDS)) expect(ids).toContain(id)
  })

  it('differ between safe and rfc9111 exactly where their rows do', () => {
    const differing = (Object.keys(DECISION_FIELDS) as (keyof typeof DECISION_FIELDS)[]).filter(
      (field) => JSON.stringify(decisionsFor('safe')[field]) !== JSON.stringify(decisionsFor('rfc9111')[field]),
    )
    const valued: ReadonlySet<string> = new Set(Object.values(DECISION_FIELDS))
    // `class` is the same value for both: the rows differ in what else makes a request credentialed
    const rows = DECISIONS.filter(({ id, safe, rfc9111 }) => valued.has(id) && rfc9111 !== 'the same' && safe !== rfc9111)
    expect([...differing.map((field) => DECISION_FIELDS[field]), 'authorization'].sort()).toEqual(rows.map(({ id }) => id).sort())
  })

  it('are frozen constants', () => {
    for (const preset of PRESETS) {
      expect(decisionsFor(preset)).toBe(decisionsFor(preset))
      expect(Object.isFrozen(decisionsFor(preset))).toBe(true)
      expect(Object.isFrozen(decisionsFor(preset).lifetime)).toBe(true)
    }
  })

  it('hold the numbers that the rows name', () => {
    const numbers = PRESETS.map(decisionsFor).map((each) => [
      each.defaultTtl,
      each.defaultGrace,
      each.defaultStaleIfError,
      each.keepWithValidator,
      each.retention,
      each.uncacheableTtl,
    ])
    expect(numbers).toEqual([
      [0, 0, 86_400, 3600, 'max', 120],
      [0, 0, 86_400, 3600, 'max', 120],
      [120, 10, 'grace', 0, 'sum', 120],
    ])
  })

  it('refuse a preset that there is not', () => {
    expect(() => decisionsFor('strict' as 'safe')).toThrow(/strict/)
  })
})
