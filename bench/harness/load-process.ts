/** The load, in a process of its own: autocannon sends byte-exact requests and every answer is checked. */
import autocannon from 'autocannon'
import { answering } from './answering.ts'
import { expectedBody } from './expect.ts'
import { type LoadOrder, type LoadResult, PATIENCE } from './load.ts'
import { drawKey, HOT, pathOfKey, seeded } from './paths.ts'
import { requestText, SIGNATURE_BYTES } from './requests.ts'
import type { Scenario } from './scenario.ts'

async function run(order: LoadOrder): Promise<LoadResult> {
  const { port, scenario, connections, seconds, age } = order
  const next = requests(order)
  let wrongHeads = 0
  const result = await autocannon({
    url: `http://127.0.0.1:${port}${HOT}`,
    connections,
    duration: seconds,
    timeout: PATIENCE,
    setupClient: (client) => {
      client.getRequestBuffer = next
      client.on('headers', ({ statusCode, headers }) => {
        const { status, fields } = scenario.expect
        if (statusCode !== status || headers.includes('Age') !== age || !fields.every((name) => headers.includes(name))) wrongHeads++
      })
    },
    verifyBody: bodyCheck(scenario),
  })
  return {
    answers: result['2xx'] + result.non2xx,
    wrong: wrongHeads + result.mismatches + result.errors,
  }
}

function requests({ port, scenario, series, seed }: LoadOrder): () => Buffer {
  const bytes = (path: string): Buffer => Buffer.from(requestText(scenario.shape, `127.0.0.1:${port}`, path, scenario.fields), 'latin1')
  const { keys, work } = scenario
  if (keys !== null) {
    const random = seeded(seed)
    return () => bytes(pathOfKey(drawKey(keys, random)))
  }
  let unique = 0
  if (work === 'miss') return () => bytes(`/new/${series}-${unique++}`)
  const fixed = bytes(HOT)
  return () => fixed
}

/** Where there are many URLs, which of them was answered is seen by the sender of open loops; here all that they have in common is compared. */
function bodyCheck(scenario: Scenario): (body: string | undefined) => boolean {
  const whole = expectedBody(scenario, HOT)
  if (scenario.keys === null && scenario.work !== 'miss') return (body) => (body ?? '') === whole
  const common = whole.slice(SIGNATURE_BYTES)
  return (body = '') => body.startsWith('/') && body.length === whole.length && body.endsWith(common)
}

answering('ready', (question) => run(question as LoadOrder))
