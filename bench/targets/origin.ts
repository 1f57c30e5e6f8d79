/**
 * The origin: answers every path with the body that belongs to it, and no more work than that.
 * Arguments: `store` or `no-store`, the bytes of a body, and what it is said to be coded in, if in anything.
 */
import { createServer } from 'node:net'
import { answering } from '../harness/answering.ts'
import { bodyOf, originHead } from '../harness/requests.ts'

const [control, bytes, coding = ''] = process.argv.slice(2)
const bodyBytes = Number(bytes)
const head = originHead(control === 'store', bodyBytes, coding)
const END = '\r\n\r\n'

const server = createServer({ noDelay: true }, (socket) => {
  let held = ''
  socket.setEncoding('latin1')
  socket.on('error', () => socket.destroy())
  socket.on('data', (chunk: string) => {
    let text = held + chunk
    for (let end = text.indexOf(END); end >= 0; end = text.indexOf(END)) {
      const path = text.slice(text.indexOf(' ') + 1, text.indexOf(' HTTP/'))
      socket.write(head + bodyOf(path, bodyBytes), 'latin1')
      text = text.slice(end + END.length)
    }
    held = text
  })
})
server.listen(0, '127.0.0.1', () => {
  const address = server.address()
  answering(typeof address === 'object' && address !== null ? address.port : 0)
})
