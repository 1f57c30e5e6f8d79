import { existsSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { type Group, SURPRISES } from './surprises.ts'

const read = (path: string): string => readFileSync(new URL(path, import.meta.url), 'utf8')

const HEADING = '## Differences from Varnish'

/** The section of the policy's page, from its heading to the next one or the end. */
function section(): string {
  const page = read('../../vcl-ts/README.md')
  const from = page.indexOf(`${HEADING}\n`)
  const to = page.indexOf('\n## ', from + 1)
  return from < 0 ? '' : page.slice(from, to < 0 ? undefined : to).trimEnd()
}

test('each of the 67 behaviours is there once, in order, with a sentence', () => {
  expect(SURPRISES.map(({ number }) => number)).toEqual(Array.from({ length: 67 }, (_, index) => index + 1))
  for (const { number, says } of SURPRISES) expect(says, String(number)).toMatch(/^\S.*\.$/)
})

test('each names a file that exists and tests it', () => {
  const missing = SURPRISES.filter(({ number, file }) => {
    const path = new URL(file, import.meta.url)
    return !existsSync(path) || !new RegExp(`^behaviour\\(\\s*${number},`, 'm').test(readFileSync(path, 'utf8'))
  })
  expect(missing.map(({ number, file }) => `${number}: ${file}`)).toEqual([])
})

test('no file tests a behaviour that is not in the table as its own', () => {
  const files = new Set(SURPRISES.map(({ file }) => file))
  for (const file of files)
    for (const [, number] of read(file).matchAll(/^behaviour\(\s*(\d+),/gm))
      expect(SURPRISES.find((surprise) => surprise.number === Number(number))?.file, `${file}: ${number}`).toBe(file)
})

test('what a page of the repository is said to decide stands there', () => {
  for (const { number, differs } of SURPRISES)
    for (const { document, where } of differs)
      if (document.endsWith('.md')) expect(read(`../../${document}`).includes(where), `${number}: ${document}: ${where}`).toBe(true)
})

test('the policy’s page tells every difference', () => {
  const groups = [...new Set(SURPRISES.map(({ group }) => group))]
  const told = (group: Group): string[] =>
    SURPRISES.filter((row) => row.group === group).flatMap(({ differs }) => differs.map(({ here }) => `- ${here}`))
  const lists = groups.filter((group) => told(group).length > 0).map((group) => `### ${group}\n\n${told(group).join('\n')}`)
  const intro =
    'Under the preset `varnish` this cache decides as Varnish does, but for what follows. Each of these is on purpose: it is safer, or tells more.'
  expect(section()).toBe(`${HEADING}\n\n${intro}\n\n${lists.join('\n\n')}`)
})
