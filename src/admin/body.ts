/** Reads the body of an admin request, within bounds. */
import type { IncomingMessage } from 'node:http'
import { Problem } from './problem.ts'

const LARGEST = 64 * 1024

/**
 * The body as text, `''` when there is none. `type` is what it has to be; `null`: there must be none. Rejects with a `Problem`. A body of
 * text may come without a type; JSON must say so, since what a page's form sends cannot.
 */
export async function readBody(request: IncomingMessage, type: 'text/plain' | 'application/json' | null): Promise<string> {
  const given = (request.headers['content-type'] ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? ''
  const coded = request.headers['content-encoding'] ?? 'identity'
  const announced = Number(request.headers['content-length'] ?? 0)
  if (announced > LARGEST) throw tooLarge()
  const has = announced > 0 || request.headers['transfer-encoding'] !== undefined
  if (type === null) {
    if (has) throw new Problem(400, 'bad-request', 'there is a body', 'leave it out: none is taken here')
    return ''
  }
  if (coded !== 'identity') throw wrongType(`Content-Encoding: ${coded}`, type)
  if (given !== type && !(type === 'text/plain' && given === '')) throw wrongType(given === '' ? 'no type' : given, type)
  const chunks: Buffer[] = []
  let length = 0
  try {
    // Without destroying the connection, on which the refusal is to go out.
    for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
      length += chunk.length
      if (length > LARGEST) throw tooLarge()
      chunks.push(chunk)
    }
  } catch (error) {
    throw error instanceof Problem ? error : new Problem(400, 'bad-request', 'the body broke off', 'send it whole')
  }
  return utf8(Buffer.concat(chunks))
}

function utf8(bytes: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    throw new Problem(400, 'bad-request', 'the body is not UTF-8', 'send it as UTF-8')
  }
}

function tooLarge(): Problem {
  return new Problem(413, 'too-large', `the body is larger than ${LARGEST} bytes`, 'send less at a time')
}

function wrongType(given: string, wanted: string): Problem {
  return new Problem(415, 'unsupported-type', `the body has ${given}`, `send it with Content-Type: ${wanted}`)
}
