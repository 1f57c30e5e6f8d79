/** Whether an idle socket holds anything is told for certain, with the cheap read and without it. */
import { execFileSync } from 'node:child_process'
import { connect, createServer, type Socket } from 'node:net'
import { fileURLToPath } from 'node:url'
import { describe, expect, onTestFinished, test } from 'vitest'
import { quietReader } from '../../src/origin/http1/quiet-read.ts'
import { unreadOf } from '../../src/origin/http1/unread.ts'

interface Pair {
  /** Paused, so that its bytes stay where they are. */
  readonly near: Socket
  readonly far: Socket
}

/** Makes connections, one after the other; all are closed with the test. */
async function dialler(): Promise<() => Promise<Pair>> {
  const server = createServer()
  const sockets: Socket[] = []
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  onTestFinished(async () => {
    for (const socket of sockets) socket.destroy()
    await new Promise((resolve) => server.close(resolve))
  })
  return async () => {
    const accepted = new Promise<Socket>((resolve) => server.once('connection', resolve))
    const near = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
    near.pause()
    await new Promise<void>((resolve) => near.once('connect', () => resolve()))
    const far = await accepted
    for (const socket of [near, far]) socket.on('error', () => {})
    sockets.push(near, far)
    return { near, far }
  }
}

async function pair(): Promise<Pair> {
  return (await dialler())()
}

function descriptor(socket: Socket): number {
  return (socket as unknown as { _handle: { fd: number } })._handle.fd
}

describe.each([
  ['the cheap read', undefined],
  ['where the process has no cheap read', () => null],
  ['where the cheap read answers what is not known', () => () => 'unknown' as const],
])('%s', (_, quiet) => {
  test('tells an open socket with nothing on it from one with a byte, time and again', async () => {
    const { near, far } = await pair()
    const unread = unreadOf(near, quiet)
    expect([unread(), unread(), unread()]).toEqual([false, false, false])
    far.write('ab')
    expect([unread(), unread(), unread()]).toEqual([true, true, false])
  })

  test('takes an end for something', async () => {
    const { near, far } = await pair()
    const unread = unreadOf(near, quiet)
    far.end()
    await new Promise<void>((resolve) => far.once('finish', () => resolve()))
    expect(unread()).toBe(true)
  })

  test('takes a reset for something', async () => {
    const { near, far } = await pair()
    const unread = unreadOf(near, quiet)
    far.resetAndDestroy()
    expect(unread()).toBe(true)
  })

  test('takes a socket that was destroyed for one that is not clean, whoever has its descriptor now', async () => {
    const dial = await dialler()
    const { near: first } = await dial()
    const unread = unreadOf(first, quiet)
    const fd = descriptor(first)
    first.destroy()
    await new Promise<void>((resolve) => first.once('close', () => resolve()))
    // The system gives the lowest free descriptor, so that one of the next sockets gets this one.
    let heir: Socket | undefined
    for (let i = 0; i < 50 && heir === undefined; i++) {
      const { near, far } = await dial()
      heir = [near, far].find((socket) => descriptor(socket) === fd)
    }
    if (heir === undefined) throw new Error('nobody got the descriptor')
    expect(unreadOf(heir, quiet)()).toBe(false)
    expect(unread()).toBe(true)
  })
})

test('the cheap read is there on every Node that is supported', async () => {
  const { near } = await pair()
  expect(quietReader(descriptor(near))?.()).toBe('nothing')
})

test('it comes without a warning, and leaves later warnings alone', () => {
  const file = fileURLToPath(new URL('../../src/origin/http1/quiet-read.ts', import.meta.url))
  const script = `
    const { quietReader } = await import(${JSON.stringify(file)})
    if (quietReader(0) === null) throw new Error('no reader')
    process.on('warning', ({ message }) => process.stdout.write(message))
    process.emitWarning('mine')`
  const out = execFileSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
  expect(out).toBe('mine')
})
