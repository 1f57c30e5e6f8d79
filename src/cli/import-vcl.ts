/** `clearcoat import-vcl FILE`: a VCL as a policy in TypeScript. */
import { writeFile } from 'node:fs/promises'
import { relative, resolve } from 'node:path'
import type { Problem } from '../vcl/problem.ts'
import { type CommandRow, type Given, JSON_OPTION } from './command.ts'
import { CommandError, EXIT, type ExitCode } from './complaint.ts'

export const IMPORT_VCL: CommandRow = {
  name: 'import-vcl',
  summary: 'a VCL as a policy in TypeScript',
  description: 'Translates a VCL, what it includes and what it hands requests to, into one policy that does the same, and prints it.',
  examples: [
    ['clearcoat import-vcl default.vcl > policy.ts', ''],
    ['clearcoat import-vcl /etc/varnish/default.vcl --vcl-path /usr/share/varnish/vcl -o policy.ts', ''],
    ['clearcoat import-vcl default.vcl --label shop=shop.vcl --label blog=blog.vcl', 'several VCLs as one policy'],
    ['clearcoat import-vcl default.vcl --partial', 'with marked places where there is no translation'],
  ],
  operands: [{ placeholder: 'FILE', prose: 'the VCL' }],
  own: [
    { flag: 'partial', prose: 'print the policy even if parts of it have no translation; they are marked NOT TRANSLATED' },
    { flag: 'output', short: 'o', placeholder: 'OUT', prose: 'write the policy there' },
    { flag: 'label', placeholder: 'NAME=FILE', repeatable: true, prose: 'the VCL that return (vcl(NAME)) hands a request to' },
    { flag: 'vcl-path', placeholder: 'DIR', repeatable: true, prose: 'a folder in which includes are looked for first' },
    JSON_OPTION,
  ],
  notes: `Run the policy with --preset varnish; clearcoat --vcl FILE does both at once.

Exit codes: 0 translated, 1 Varnish would refuse the VCL, 3 it is legal, but something in it has no translation, 2 usage.`,
  run: async (given) => {
    const { operands, around } = given
    const [file] = operands
    if (file === undefined)
      throw new CommandError(EXIT.usage, {
        what: 'there is no VCL to import',
        why: 'no file is given',
        how: 'write clearcoat import-vcl FILE',
      })
    // As the user wrote it, so that problems show it so.
    const shownAs = (path: string): string => relative(process.cwd(), resolve(around.folder, path))
    const shown = shownAs(file)
    const labels = Object.fromEntries(labelsIn(given.texts('label')).map(([name, path]) => [name, shownAs(path)]))
    const { readVclFile } = await import('../policy/vcl-file.ts')
    const { code, problems } = readVclFile(
      shown,
      given.texts('vcl-path').map((folder) => resolve(around.folder, folder)),
      labels,
    )
    return report(given, shown, code, problems)
  },
}

function labelsIn(texts: readonly string[]): readonly (readonly [name: string, path: string])[] {
  return texts.map((text) => {
    const [, name = '', path = ''] = /^([A-Za-z][\w-]*)=(.+)$/s.exec(text) ?? []
    if (name !== '') return [name, path]
    throw new CommandError(EXIT.usage, {
      what: `--label ${JSON.stringify(text)} cannot be used`,
      why: 'it is no label with a file; a label is a letter, then letters, digits, - and _',
      how: 'write --label shop=shop.vcl',
    })
  })
}

async function report(given: Given, file: string, code: string | null, problems: readonly Problem[]): Promise<ExitCode> {
  const { around } = given
  const { problemJson, renderProblem } = await import('../vcl/problem.ts')
  const exit = code === null ? EXIT.failure : problems.length > 0 && !given.has('partial') ? EXIT.untranslatable : EXIT.ok
  const [out] = given.texts('output')
  const policy = exit === EXIT.ok ? code : null
  if (policy !== null && out !== undefined) await writeFile(resolve(around.folder, out), policy)
  if (given.has('json')) {
    around.stdout(
      `${JSON.stringify({ file, ok: exit === EXIT.ok, problems: problems.map(problemJson), policy: out === undefined ? policy : null })}\n`,
    )
    return exit
  }
  for (const problem of problems) around.stderr(`${renderProblem(problem)}\n`)
  if (policy !== null && out === undefined) around.stdout(policy)
  return exit
}
