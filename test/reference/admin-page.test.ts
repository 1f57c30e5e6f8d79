import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { COMMANDS } from '../../src/admin/commands.ts'
import { ROUTES } from '../../src/admin/routes.ts'
import { PARAMETERS } from '../../src/config/params.ts'
import { TAG_NAMES } from '../../src/vsl/tags.ts'
import { ADMIN_PAGE, adminPage } from './admin-page.ts'

it('the admin’s page is what the tables say; if not: npm run reference', () => {
  expect(readFileSync(ADMIN_PAGE, 'utf8')).toBe(adminPage())
})

/** Rows of operators in queries. */
const OPERATORS = 3

it('the admin’s page has a row for every route, command, parameter and tag', () => {
  const rows = adminPage()
    .split('\n')
    .filter((line) => line.startsWith('| `'))
  expect(rows.length).toBe(ROUTES.length + COMMANDS.length + PARAMETERS.length + TAG_NAMES.length + OPERATORS)
  expect(adminPage()).toContain('| `default_ttl` | 0.000; `varnish`: 120.000 |')
  expect(adminPage()).toContain('| `POST /api/ban` |')
})
