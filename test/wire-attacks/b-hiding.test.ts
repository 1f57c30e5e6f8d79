import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Rig, recorder, type Seen, start } from '../listen/fixture.ts'
import { RawClient } from '../support/raw-client.ts'
import { HIDING, type HidingRow } from './payloads-hiding.ts'

const SMUGGLED = 'GET /smuggled HTTP/1.1\r\nHost: victim\r\n\r\n'
const FRAMINGS = [
  { field: 'Content-Length', value: String(SMUGGLED.length), body: SMUGGLED, canonical: `${SMUGGLED.length}` },
  {
    field: 'Transfer-Encoding',
    value: 'chunked',
    body: `${SMUGGLED.length.toString(16)}\r\n${SMUGGLED}\r\n0\r\n\r\n`,
    canonical: 'chunked',
  },
]
const METHODS = ['GET', 'POST', 'OPTIONS', 'HEAD']

const seen: Seen[] = []
let rig: Rig
beforeAll(async () => {
  rig = await start(recorder(seen))
})
afterAll(() => rig.listener.close())

test('the table holds a hundred permutations, no two alike', () => {
  expect(HIDING).toHaveLength(100)
  expect(new Set(HIDING.map((row) => row.write('Content-Length', '1'))).size).toBe(100)
})

test.each(HIDING)('framing field with $name: $verdict, and no request is smuggled', async (row) => {
  for (const framing of FRAMINGS) for (const method of METHODS) for (const whole of [true, false]) await check(row, framing, method, whole)
})

async function check(row: HidingRow, framing: (typeof FRAMINGS)[number], method: string, whole: boolean): Promise<void> {
  seen.length = 0
  const head = `${method} /p HTTP/1.1\r\nHost: h\r\n${row.write(framing.field, framing.value)}\r\n`
  const bytes = row.verdict === 'other' ? head : head + framing.body
  const client = await RawClient.connect(rig.listener.address)
  const nonce = `${method}-${framing.field}`
  const victim = `GET /own HTTP/1.1\r\nHost: h\r\nX-Nonce: ${nonce}\r\n\r\n`
  if (whole) client.send(bytes + victim)
  else {
    await client.sendInPieces(bytes.slice(0, head.length - 3), head.length)
    await client.sendInPieces(bytes.slice(head.length - 3) + victim, 7)
  }
  if (row.verdict === 'refuse') {
    const answers = await client.responses()
    expect(answers).toHaveLength(1)
    expect(answers[0]!.status).toBeGreaterThanOrEqual(400)
    expect(seen).toHaveLength(0)
  } else {
    expect((await client.response({ head: method === 'HEAD' })).status).toBe(200)
    expect((await client.response()).get('x-nonce')).toBe(nonce)
    expect(seen.map((entry) => entry.target)).toEqual(['/p', '/own'])
    expect(seen[0]!.body).toBe(row.verdict === 'frame' ? SMUGGLED : '')
    const lines = seen[0]!.fields.filter((line) => line.toLowerCase().startsWith(`${framing.field.toLowerCase()}:`))
    expect(lines.map((line) => line.slice(framing.field.length + 2))).toEqual(row.verdict === 'frame' ? [framing.canonical] : [])
  }
  client.destroy()
}
