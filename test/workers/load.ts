/** Clients that keep asking a cache with workers, verify every byte, and know which worker each of their connections is to. */
import { message } from '../journey/site.ts'
import type { Random } from '../long/random.ts'
import { RawClient } from '../support/raw-client.ts'
import { bodyFor, type HashedOrigin } from './hashed-origin.ts'
import { who } from './rig.ts'

export interface Failure {
  /** `null`: the connection ended before it was known. */
  readonly thread: string | null
  readonly url: string
  readonly error: string
}

export interface LoadOptions {
  readonly address: string
  readonly clients: number
  readonly random: Random
  /** Milliseconds that a client waits before it asks again; default: none. */
  readonly pause?: number
}

const KEPT = 12
const SIZES = [0, 1, 100, 1024, 1024, 10_000, 16_384, 16_385, 65_536, 200_000]
/** Answers after which another large body is wanted by all. */
const ROUND = 24
const NOTHING = Buffer.alloc(0)

export const KEPT_URLS: readonly string[] = Array.from({ length: KEPT }, (_, name) => SIZES.map((size) => `/keep/${name}/${size}`)).flat()

export class Load {
  readonly failures: Failure[] = []
  /** Answers that came to their end and are not what they should be. */
  readonly wrong: string[] = []
  readonly asked: Map<string, number> = new Map()
  answers = 0
  #waiting: { readonly answers: number; readonly resolve: () => void }[] = []
  #once = 0
  #going = true
  readonly #options: LoadOptions
  readonly #done: Promise<unknown>

  constructor(options: LoadOptions) {
    this.#options = options
    this.#done = Promise.all(Array.from({ length: options.clients }, () => this.#client()))
  }

  /** Resolves after so many more answers. */
  more(answers: number): Promise<void> {
    return new Promise((resolve) => this.#waiting.push({ answers: this.answers + answers, resolve }))
  }

  async stop(): Promise<void> {
    this.#going = false
    await this.#done
  }

  async #client(): Promise<void> {
    const { address, pause = 0 } = this.#options
    while (this.#going) {
      let thread: string | null = null
      let url = '/who'
      let client: RawClient | null = null
      try {
        client = await RawClient.connect(address)
        thread = await who(client)
        while (this.#going) {
          url = this.#next()
          const { status, body } = await client.request(message('GET', url))
          client.total = NOTHING
          this.#count()
          if (status !== 200) this.wrong.push(`${thread}: ${status} for ${url}`)
          else if (!body.equals(bodyFor(url))) this.wrong.push(`${thread}: ${body.length} wrong bytes for ${url}`)
          if (pause > 0) await new Promise((resolve) => setTimeout(resolve, pause))
        }
      } catch (error) {
        this.failures.push({ thread, url, error: String(error) })
      } finally {
        client?.destroy()
      }
    }
  }

  #count(): void {
    this.answers++
    this.#waiting = this.#waiting.filter(({ answers, resolve }) => {
      if (answers > this.answers) return true
      resolve()
      return false
    })
  }

  /** Hits mostly; what is fetched once; large ones that several clients ask for while they arrive. */
  #next(): string {
    const { random } = this.#options
    const kind = random.of(['keep', 'keep', 'keep', 'keep', 'keep', 'once', 'pass', 'slow', 'chunked'])
    this.asked.set(kind, (this.asked.get(kind) ?? 0) + 1)
    switch (kind) {
      case 'once':
        return `/once/${this.#once++}/${random.of(SIZES)}`
      case 'slow':
      case 'chunked':
        return `/${kind}/${Math.floor(this.answers / ROUND)}/300000`
      default:
        return `/${kind}/${random.below(KEPT)}/${random.of(SIZES)}`
    }
  }
}

/**
 * What failed although nobody had to fail it: a connection to a worker that lived, but for an answer under way that followed a fetch of a dead
 * worker's, which has to break off visibly.
 */
export function unexplained(failures: readonly Failure[], dead: ReadonlySet<string>, origin: HashedOrigin): Failure[] {
  return failures.filter(({ thread, url, error }) => {
    if (error.includes('ECONNREFUSED')) return true
    if (thread === null || dead.has(thread)) return false
    return !origin.fetched.get(url)?.some((fetcher) => dead.has(fetcher))
  })
}
