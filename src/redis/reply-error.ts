/** An error that Redis answered, and what it says of the one who answered. */

/** One of the answers to commands that were sent together. */
export class ReplyError {
  /** `LOADING Redis is loading the dataset in memory`. */
  readonly text: string

  constructor(text: string) {
    this.text = text.replace(/[\x00-\x1f\x7f]+/g, ' ').slice(0, 200)
  }

  /** The word that it begins with: `LOADING`, `MOVED`, `ERR`. */
  get code(): string {
    return this.text.split(' ', 1)[0] ?? ''
  }
}

/**
 * `connection`: nothing comes of this connection, or not for a while; another may lead elsewhere. `server`: it is in no state to answer.
 * `command`: this command alone is refused, now or always; whoever answers so is well.
 */
export type Blame = 'connection' | 'server' | 'command'

const CONNECTION = new Set(['NOAUTH', 'WRONGPASS', 'READONLY', 'LOADING', 'MASTERDOWN'])
const SERVER = new Set(['BUSY', 'CLUSTERDOWN'])

export function blameOf({ text, code }: ReplyError): Blame {
  if (CONNECTION.has(code) || text.startsWith('ERR max number of clients')) return 'connection'
  return SERVER.has(code) ? 'server' : 'command'
}

export interface Redirect {
  /** `MOVED`: from now on. `ASK`: this once. */
  readonly type: 'MOVED' | 'ASK'
  readonly slot: number
  /** `host:port`; without a host that of who answered. */
  readonly address: string
}

/** Where a node of a Cluster sends those who ask for a key that it does not serve; `null`: it does not. */
export function redirectOf({ text }: ReplyError): Redirect | null {
  const match = /^(MOVED|ASK) (\d{1,5}) (\S*:\d{1,5})$/.exec(text)
  return match === null ? null : { type: match[1] === 'ASK' ? 'ASK' : 'MOVED', slot: Number(match[2]), address: match[3] ?? '' }
}
