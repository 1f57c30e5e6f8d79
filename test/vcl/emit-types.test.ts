import { mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, it, onTestFinished } from 'vitest'
import { typeCheck } from '../../src/cli/type-check.ts'
import { DECLARATION_VCLS } from './declaration-cases.ts'
import { expressionVcl } from './expression-cases.ts'
import { LABEL_BLOG, LABEL_SHOP, LABELS_FRONT } from './label-cases.ts'
import { STATEMENT_VCLS, statementVcl } from './statement-cases.ts'
import { translate } from './translated.ts'
import { VARIABLE_USES, variableVcl } from './variable-cases.ts'
import { VMOD_STATEMENTS, vmodStatementVcl, vmodTextVcl } from './vmod-cases.ts'

const SITES = new URL('./sites/', import.meta.url)
const BIN = fileURLToPath(new URL('../../node_modules/.bin', import.meta.url))

function corpus(): Readonly<Record<string, string>> {
  return {
    expressions: expressionVcl(),
    vmods: vmodTextVcl(),
    variables40: variableVcl(VARIABLE_USES, '4.0'),
    variables41: variableVcl(VARIABLE_USES, '4.1'),
    ...DECLARATION_VCLS,
    ...Object.fromEntries(Object.keys(STATEMENT_VCLS).map((name) => [`statement-${name}`, statementVcl(name)])),
    ...Object.fromEntries(VMOD_STATEMENTS.map(([statements], index) => [`vmod-${index}`, vmodStatementVcl(statements)])),
    ...Object.fromEntries(readdirSync(SITES).map((name) => [name.replace('.vcl', ''), readFileSync(new URL(name, SITES), 'utf8')])),
  }
}

it('translated policies pass the compiler of their user', { timeout: 120_000 }, async () => {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'clearcoat-vcl-')))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  const vcls = Object.entries(corpus())
  for (const [name, text] of vcls) writeFileSync(join(folder, `${name}.ts`), translate(text, `${name}.vcl`).code)
  writeFileSync(join(folder, 'labels.ts'), translate(LABELS_FRONT, 'labels.vcl', { shop: LABEL_SHOP, 'the-blog': LABEL_BLOG }).code)
  const all = join(folder, 'all.ts')
  writeFileSync(all, [...vcls, ['labels']].map(([name]) => `import './${name}.ts'\n`).join(''))
  const { findings, note } = await typeCheck(all, [BIN, process.env['PATH'] ?? ''].join(delimiter))
  expect(findings.map(({ file, line, message }) => `${file.slice(folder.length + 1)}:${line} ${message}`)).toEqual([])
  expect(note).toContain('types checked')
})
