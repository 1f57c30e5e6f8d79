import { existsSync } from 'node:fs'
import { expect, test } from 'vitest'
import { COVERAGE, EXCEPTIONS, P0 } from './hardening-coverage.ts'

test('every P0 case of the groups A, B, C, E, J and L is covered, or open for an agreed reason', () => {
  const missing = [...P0].filter((number) => (COVERAGE[number]?.files.length ?? 0) === 0)
  const unfinished = [...P0].filter((number) => COVERAGE[number]?.open !== undefined && !Object.hasOwn(EXCEPTIONS, number))
  const idle = Object.keys(EXCEPTIONS).filter((number) => COVERAGE[Number(number)]?.open === undefined)
  expect({ missing, unfinished, idle }).toEqual({ missing: [], unfinished: [], idle: [] })
})

test('every case names a test file that exists, or what is open', () => {
  const gone: string[] = []
  for (const [number, { files, open }] of Object.entries(COVERAGE)) {
    if (files.length === 0 && open === undefined) gone.push(`${number}: nothing`)
    for (const file of files) if (!existsSync(new URL(file, import.meta.url))) gone.push(`${number}: ${file}`)
  }
  expect(gone).toEqual([])
})
