/** What `clearcoat init` writes: a configuration, a policy and its test, made of a row of the presets. */
import type { PresetRow } from './presets.ts'

/** Contents by name, in the order in which they are told. */
export function initFiles(row: PresetRow, origin: string): ReadonlyMap<string, string> {
  return new Map([
    ['clearcoat.config.ts', configText(origin)],
    ['policy.ts', policyText(row)],
    ['policy.test.ts', testText(row)],
  ])
}

function configText(origin: string): string {
  return `${imported('{ type Config, defineConfig }', 'clearcoat')}

// clearcoat reads this file from the folder in which it starts. Flags and variables win over it; clearcoat config --origin shows all of it.
const config: Config = defineConfig({
  origin: ${quoted(origin)},
  listen: '127.0.0.1:8080',
  policy: './policy.ts',
  // memory: '512M',
  // purgeFrom: ['loopback', '10.0.0.0/8'], // who may purge: where the system runs, if that is not this machine
})

export default config
`
}

function policyText({ call, summary, options }: PresetRow): string {
  const names = ['definePolicy', 'type Policy', 'stack', call].sort((a, b) => (plain(a) < plain(b) ? -1 : 1))
  return `${imported(`{ ${names.join(', ')} }`, 'clearcoat/vcl-ts')}

/** What is known of ${summary}. */
const preset: Policy = ${call}({
${options.map((line) => `  // ${line}`).join('\n')}
})

/** What is your own. It is asked first: an action decides, nothing returned leaves it to the preset. */
const own: Policy = definePolicy({
  recv({ req, pass }) {
    if (req.path === '/status') return pass()
    return undefined
  },
})

const policy: Policy = stack(own, preset)

export default policy
`
}

function testText(row: PresetRow): string {
  const { page, place, personal, credentials } = row
  const somebody = personal === null ? credentials : { Cookie: `${personal[0]}=ada` }
  const other = personal === null ? { Authorization: 'Bearer ben' } : { Cookie: `${personal[0]}=ben` }
  const seen = personal === null && credentials !== undefined ? 'authorization' : 'cookie'
  const tests = [
    `test('keeps a page, wherever its readers come from', async () => {
  const cache = await testPolicy(policy, { origin })
  expect((await cache.request('/page?utm_source=mail')).trace.decision).toBe('miss')
  const { trace, body } = await cache.request('/page')
  expect(trace.decision).toBe('hit')
  expect(body).toBe('/page for everybody')
})`,
    ...(somebody === undefined
      ? [
          `test('is the same for everybody', async () => {
  const cache = await testPolicy(policy, { origin })
  await cache.request({ url: '/page', headers: { Cookie: 'session=ada' } })
  const { trace, body } = await cache.request('/page')
  expect(trace.decision).toBe('hit')
  expect(body).toBe('/page for everybody')
})`,
        ]
      : [
          `test('gives nobody the page of ${escapedText(personal?.[1] ?? 'who asks with credentials')}', async () => {
  const cache = await testPolicy(policy, { origin })
  const ada = await cache.request({ url: '/page', headers: ${objectText(somebody)} })
  const visitor = await cache.request('/page')
  const ben = await cache.request({ url: '/page', headers: ${objectText(other)} })
  expect(ada.trace).toMatchObject({ decision: 'pass', stored: false })
  expect(visitor.body).toBe('/page for everybody')
  expect(ben.body).toContain('ben')
})`,
        ]),
    ...(place === null
      ? []
      : [
          `test('stores nothing of ${escapedText(place)}', async () => {
  const cache = await testPolicy(policy, { origin })
  for (let time = 0; time < 2; time++) expect((await cache.request(${quoted(place)})).trace.decision).toBe('pass')
})`,
        ]),
    `test('forgets a page when it has changed', async () => {
  const cache = await testPolicy(policy, { origin })
  await cache.request('/page')
  const changed = await cache.request(${purgeText(row)})
  expect(changed.status).toBe(200)
  expect((await cache.request('/page')).trace.decision).toBe('miss')
})`,
    `test('asks the origin each time for what is your own', async () => {
  const cache = await testPolicy(policy, { origin })
  const { trace } = await cache.request('/status')
  expect(trace).toMatchObject({ decision: 'pass', reason: 'POLICY' })
})`,
  ]
  return `// clearcoat test policy.test.ts
${imported('{ expect, type OriginHandler, test, testPolicy }', 'clearcoat/vcl-ts/testing')}
${imported('policy', './policy.ts')}

/** Answers as the system does; the page tells for whom it was made. */
const origin: OriginHandler = ({ url, headers }) => ({
  headers: ${objectText(page)},
  body: \`\${url} for \${headers.get('${seen}') ?? 'everybody'}\`,
})

${tests.join('\n\n')}
`
}

/** Apart from the text around it, which is no import of this file. */
function imported(names: string, from: string): string {
  return `import ${names} from '${from}'`
}

function plain(name: string): string {
  return name.replace('type ', '').toLowerCase()
}

function purgeText({ purge: { method, url, headers } }: PresetRow): string {
  const fields = headers === undefined ? '' : `, headers: ${objectText(headers)}`
  return `{ method: ${quoted(method)}, url: ${quoted(url)}${fields}, ip: '127.0.0.1' }`
}

function objectText(fields: Readonly<Record<string, string>>): string {
  const entries = Object.entries(fields).map(([name, value]) => `${/^[a-z]+$/i.test(name) ? name : quoted(name)}: ${quoted(value)}`)
  return entries.length === 0 ? '{}' : `{ ${entries.join(', ')} }`
}

function quoted(text: string): string {
  return `'${escapedText(text)}'`
}

function escapedText(text: string): string {
  return text.replace(/[\\']/g, '\\$&')
}
