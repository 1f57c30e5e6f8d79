/**
 * The floor: a bare `node:net` server that reads, looks for the end of a head, and writes the same prepared bytes. Also the origin.
 * Argument: the bytes to answer with, in base64.
 */
import { createServer } from 'node:net'
import { answering } from '../harness/answering.ts'

const answer = Buffer.from(process.argv[2] ?? '', 'base64').toString('latin1')
const END = '\r\n\r\n'

const server = createServer({ noDelay: true }, (socket) => {
  let held: Buffer | null = null
  socket.on('error', () => socket.destroy())
  socket.on('data', (chunk: Buffer) => {
    let bytes = held === null ? chunk : Buffer.concat([held, chunk])
    for (let at = bytes.indexOf(END); at >= 0; at = bytes.indexOf(END)) {
      socket.write(answer, 'latin1')
      bytes = bytes.subarray(at + END.length)
    }
    held = bytes.length === 0 ? null : bytes
  })
})
server.listen(0, '127.0.0.1', () => {
  const address = server.address()
  answering(typeof address === 'object' && address !== null ? address.port : 0)
})
