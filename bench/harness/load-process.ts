/** The load, in a process of its own: autocannon sends byte-exact requests and every answer is checked. */
import autocannon from 'autocannon'
import { answering } from './answering.ts'
import type { LoadOrder, LoadResult } from './load.ts'
import { BODY, requestText } from './requests.ts'

let unique = 0

async function run(order: LoadOrder): Promise<LoadResult> {
  const { port, shape, path, connections, seconds, fresh } = order
  const host = `127.0.0.1:${port}`
  const fixed = Buffer.from(requestText(shape, host, path), 'latin1')
  let wrongHeads = 0
  const result = await autocannon({
    url: `http://${host}${path}`,
    connections,
    duration: seconds,
    setupClient: (client) => {
      client.getRequestBuffer = fresh
        ? () => Buffer.from(requestText(shape, host, `${path}/${process.pid}-${unique++}`), 'latin1')
        : () => fixed
      client.on('headers', ({ statusCode, headers }) => {
        if (statusCode !== 200 || headers.includes('Age') !== order.age) wrongHeads++
      })
    },
    verifyBody: (body) => body === BODY,
  })
  return {
    answers: result['2xx'] + result.non2xx,
    wrong: wrongHeads + result.mismatches + result.errors,
    seconds: result.duration,
    p50: result.latency.p50,
    p99: result.latency.p99,
  }
}

answering('ready', (question) => run(question as LoadOrder))
