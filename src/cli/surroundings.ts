/** What surrounds a run of the command line: variables, folder, streams, a person. */
import { createInterface } from 'node:readline/promises'
import { Writable } from 'node:stream'
import { text } from 'node:stream/consumers'

export interface Surroundings {
  readonly env: Readonly<Record<string, string | undefined>>
  /** Where relative paths begin and `clearcoat.config.ts` is looked for. */
  readonly folder: string
  readonly stdout: (text: string) => void
  readonly stderr: (text: string) => void
  /** Resolves when whoever reads standard output has caught up. Absent: it always has. */
  readonly drained?: () => Promise<void>
  /** Whether standard output may have colours. */
  readonly color: boolean
  /** Asks a person at the terminal, where a secret is not seen as it is typed; `null`: there is none. */
  readonly ask: ((question: string, what?: 'plain' | 'secret') => Promise<string>) | null
  /** All of standard input. */
  readonly input: () => Promise<string>
}

/** Those of this process. Nobody reading on, as behind `| head`, ends it quietly. */
export function processSurroundings(): Surroundings {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(0)
    throw error
  })
  process.stderr.on('error', () => {})
  const { env } = process
  const terminal = process.stdout.isTTY === true
  return {
    env,
    folder: process.cwd(),
    stdout: (text) => void process.stdout.write(text),
    stderr: (text) => void process.stderr.write(text),
    drained: () => new Promise((resolve) => (process.stdout.writableNeedDrain ? process.stdout.once('drain', () => resolve()) : resolve())),
    color: terminal && !env['NO_COLOR'],
    ask: process.stdin.isTTY === true && terminal ? ask : null,
    input: () => text(process.stdin),
  }
}

/** The end of the input and Ctrl-C are no answer. */
async function ask(question: string, what: 'plain' | 'secret' = 'plain'): Promise<string> {
  const hidden = what === 'secret'
  const output = hidden ? new Writable({ write: (_bytes, _coding, done) => done() }) : process.stderr
  const lines = createInterface({ input: process.stdin, output, ...(hidden ? { terminal: true } : {}) })
  if (hidden) process.stderr.write(question)
  try {
    const answer = await lines.question(question)
    if (hidden) process.stderr.write('\n')
    return answer
  } catch (error) {
    if (error instanceof Error && error.name === 'AbortError') process.stderr.write('\n')
    else throw error
    return ''
  } finally {
    lines.close()
  }
}
