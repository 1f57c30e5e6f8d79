/** Runs one command line in this process, with surroundings that remember. */
import { tmpdir } from 'node:os'
import { run } from '../../src/cli/program.ts'
import type { Ended } from '../support/cli.ts'

export interface Around {
  readonly env?: Readonly<Record<string, string | undefined>>
  /** Default: the system's folder for temporary files. */
  readonly folder?: string
  readonly color?: boolean
  /** What a person at the terminal answers; absent: there is none. */
  readonly answer?: string
  /** What is on standard input; default nothing. */
  readonly input?: string
}

export interface Ran extends Ended {
  /** What the person was asked. */
  readonly asked: readonly string[]
}

export async function command(
  args: readonly string[],
  { env = {}, folder = tmpdir(), color = false, answer, input = '' }: Around = {},
): Promise<Ran> {
  let stdout = ''
  let stderr = ''
  const asked: string[] = []
  const code = await run(args, {
    env,
    folder,
    color,
    input: () => Promise.resolve(input),
    stdout: (text) => {
      stdout += text
    },
    stderr: (text) => {
      stderr += text
    },
    ask:
      answer === undefined
        ? null
        : async (question) => {
            asked.push(question)
            return answer
          },
  })
  return { code, signal: null, stdout, stderr, asked }
}

export const COMPLAINT: RegExp = /^clearcoat: .+\n {2}why: .+\n {2}fix: .+\n$/
