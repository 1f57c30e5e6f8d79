import { createServer, type Server, type Socket } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { bodyOf, originHead } from '../../bench/harness/requests.ts'
import type { Scenario } from '../../bench/harness/scenario.ts'
import { Line } from '../../bench/harness/sender.ts'
import { scenariosNamed } from '../../bench/scenarios.ts'

const servers: Server[] = []
afterEach(() => {
  for (const server of servers.splice(0)) server.close()
})

/** A server that answers each request in its own way. */
function serving(answer: (path: string, socket: Socket) => void): Promise<number> {
  const server = createServer((socket) => {
    socket.on('error', () => undefined)
    socket.setEncoding('latin1').on('data', (text: string) => answer(text.split(' ')[1] ?? '', socket))
  })
  servers.push(server)
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      resolve(typeof address === 'object' && address !== null ? address.port : 0)
    })
  })
}

/** Whether the answers to these paths were found right, asked one after the other on one line. */
async function judged(name: string, paths: readonly string[], answer: (path: string, socket: Socket) => void): Promise<boolean[]> {
  const [scenario] = scenariosNamed([name]) as readonly [Scenario]
  const port = await serving(answer)
  const found: boolean[] = []
  return new Promise((resolve) => {
    const rest = [...paths]
    const line = new Line({ port, scenario, age: true, distinct: true }, (one, right) => {
      found.push(right)
      const next = rest.shift()
      if (next !== undefined) return one.send(next)
      one.close()
      resolve(found)
    })
    line.send(rest.shift() ?? '')
  })
}

const head = (bytes = 1024): string => originHead(true, bytes).replace('ETag', 'Age: 1\r\nETag')

describe('the sender', () => {
  it('takes an answer that is right to its last byte, whole or in pieces', async () => {
    const found = await judged('hit-small', ['/a', '/b'], (path, socket) => {
      const answer = head() + bodyOf(path, 1024)
      if (path === '/a') socket.write(answer, 'latin1')
      else socket.write(answer.slice(0, 40), 'latin1', () => setImmediate(() => socket.write(answer.slice(40), 'latin1')))
    })
    expect(found).toEqual([true, true])
  })

  it('notices another status, a missing Age, another length, another object’s body and a changed byte, and goes on', async () => {
    const right = (path: string): string => head() + bodyOf(path, 1024)
    const wrong: Readonly<Record<string, string>> = {
      '/status': right('/status').replace('200 OK', '500 No'),
      '/age': right('/age').replace('Age: 1\r\n', ''),
      '/length': head(1000) + bodyOf('/length', 1000),
      '/other': right('/another'),
      '/byte': right('/byte').replace('lazy', 'hazy'),
    }
    const paths = [...Object.keys(wrong), '/right']
    const found = await judged('hit-small', paths, (path, socket) => socket.write(wrong[path] ?? right(path), 'latin1'))
    expect(found).toEqual([false, false, false, false, false, true])
  })

  it('counts a connection that breaks as a wrong answer, and opens another', async () => {
    const found = await judged('hit-small', ['/broken', '/right'], (path, socket) => {
      if (path === '/broken') socket.destroy()
      else socket.write(head() + bodyOf(path, 1024), 'latin1')
    })
    expect(found).toEqual([false, true])
  })

  it('knows the part of the body that a range is, and that a 304 has none', async () => {
    const body = bodyOf('/hot', 1024 * 1024)
    const part = head().replace('200 OK', '206 Partial Content') + body.slice(524_288, 525_312)
    expect(await judged('hit-range', ['/hot'], (_, socket) => socket.write(part, 'latin1'))).toEqual([true])
    const shifted = head().replace('200 OK', '206 Partial Content') + body.slice(524_289, 525_313)
    expect(await judged('hit-range', ['/hot'], (_, socket) => socket.write(shifted, 'latin1'))).toEqual([false])
    const unchanged = head().replace('200 OK', '304 Not Modified')
    expect(await judged('hit-304', ['/hot', '/hot'], (_, socket) => socket.write(unchanged, 'latin1'))).toEqual([true, true])
  })
})
