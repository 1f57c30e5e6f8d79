/** `node:http` beside us: as a cache of one answer, or as a proxy through a keep-alive agent. Arguments: the origin's port, the work, a file with the answer to a hit. */
import { readFileSync } from 'node:fs'
import { Agent, createServer, request } from 'node:http'
import { answering } from '../harness/answering.ts'

const [originPort = '0', work = 'hit', file = ''] = process.argv.slice(2)
const prepared = readFileSync(file)
const headEnd = prepared.indexOf('\r\n\r\n')
const [statusLine = '', ...lines] = prepared.toString('latin1', 0, headEnd).split('\r\n')
const status = Number(statusLine.split(' ')[1])
const pairs = lines.map((line) => line.split(/: (.*)/s).slice(0, 2))
const headers = Object.fromEntries(pairs.filter(([name = '']) => !/^(?:connection|keep-alive)$/i.test(name))) as Record<string, string>
const body = prepared.subarray(headEnd + 4)
const agent = new Agent({ keepAlive: true, maxSockets: 256 })

const server = createServer((incoming, answer) => {
  if (work === 'hit') {
    answer.writeHead(status, headers)
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
