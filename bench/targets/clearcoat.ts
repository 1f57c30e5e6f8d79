/** Clearcoat with its default options before the origin. Arguments: the origin's port, and `policy` for one of three hooks. */
import { createServer } from '../../src/index.ts'
import { answering } from '../harness/answering.ts'
import policy from './policy.ts'

const server = await createServer({
  origin: `http://127.0.0.1:${process.argv[2]}`,
  listen: ['127.0.0.1:0'],
  memory: 512 * 1024 * 1024,
  ...(process.argv[3] === 'policy' ? { policy } : {}),
})
const port = Number(server.addresses[0]?.split(':').at(-1))
answering(port, () => server.stat())
