/** An admin listener whose answers are given, and that remembers what it was asked. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { onTestFinished } from 'vitest'

export interface ScriptedAdmin {
  readonly address: string
  /** `POST /api/purge` and the body, parsed. */
  readonly asked: { readonly line: string; readonly body: unknown }[]
}

/** Answers one after another; the last one again and again. */
export async function scriptedAdmin(...answers: readonly object[]): Promise<ScriptedAdmin> {
  const asked: { line: string; body: unknown }[] = []
  const server = createServer((request, response) => {
    let text = ''
    request.on('data', (part: Buffer) => {
      text += part.toString()
    })
    request.on('end', () => {
      asked.push({ line: `${request.method} ${request.url}`, body: text === '' ? null : JSON.parse(text) })
      response.setHeader('Content-Type', 'application/json').end(JSON.stringify(answers[Math.min(asked.length, answers.length) - 1]))
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  return { address: `127.0.0.1:${(server.address() as AddressInfo).port}`, asked }
}
