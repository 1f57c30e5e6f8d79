/**
 * The floor: a bare `node:net` server that reads, looks for the end of a head, and writes the same prepared bytes.
 * Argument: a file with the bytes to answer.
 */
import { readFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { answering } from '../harness/answering.ts'

const prepared = readFileSync(process.argv[2] ?? '')
/** A small answer is written as text, which saves its copy; a large one as it lies. */
const answer = prepared.length <= 16 * 1024 ? prepared.toString('latin1') : prepared
const END = '\r\n\r\n'

const server = createServer({ noDelay: true }, (socket) => {
  let held: Buffer | null = null
  socket.on('error', () => socket.destroy())
  socket.on('data', (chunk: Buffer) => {
    let bytes = held === null ? chunk : Buffer.concat([held, chunk])
    for (let at = bytes.indexOf(END); at >= 0; at = bytes.indexOf(END)) {
      if (typeof answer === 'string') socket.write(answer, 'latin1')
      else socket.write(answer)
      bytes = bytes.subarray(at + END.length)
    }
    held = bytes.length === 0 ? null : bytes
  })
})
server.listen(0, '127.0.0.1', () => {
  const address = server.address()
  answering(typeof address === 'object' && address !== null ? address.port : 0)
})
