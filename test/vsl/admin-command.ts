/** One line in varnishadm's words, sent to a server's admin listener. */
import type { Server } from '../../src/index.ts'

export async function commandOf(server: Server, line: string): Promise<{ readonly status: number; readonly text: string }> {
  const answer = await fetch(`http://${server.admin}/command`, { method: 'POST', headers: { 'Content-Type': 'text/plain' }, body: line })
  return (await answer.json()) as { status: number; text: string }
}
