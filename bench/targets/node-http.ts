/** `node:http` beside us: as a cache of one answer, or as a proxy through a keep-alive agent. Arguments: the origin's port, the way, the headers as JSON. */
import { Agent, createServer, request } from 'node:http'
import { answering } from '../harness/answering.ts'
import { BODY } from '../harness/requests.ts'

const [originPort = '0', way = 'hit', head = '{}'] = process.argv.slice(2)
const headers = JSON.parse(head) as Record<string, string>
const body = Buffer.from(BODY, 'latin1')
const agent = new Agent({ keepAlive: true, maxSockets: 256 })

const server = createServer((incoming, answer) => {
  if (way === 'hit') {
    answer.writeHead(200, headers)
    answer.end(body)
    return
  }
  const outgoing = request({
    port: Number(originPort),
    host: '127.0.0.1',
    method: incoming.method ?? 'GET',
    path: incoming.url ?? '/',
    headers: incoming.headers,
    agent,
  })
  outgoing.on('response', (response) => {
    answer.writeHead(response.statusCode ?? 502, response.rawHeaders)
    response.pipe(answer)
  })
  outgoing.on('error', () => answer.destroy())
  outgoing.end()
})
server.listen(0, '127.0.0.1', () => {
  const address = server.address()
  answering(typeof address === 'object' && address !== null ? address.port : 0)
})
