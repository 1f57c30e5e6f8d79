/** Bans where the list of them is another thread's: what is asked here is carried out there. */
import { BanError } from '../../vcl-ts/ban.ts'
import { AskedError, type Asker } from '../object/shared/asker.ts'
import { BanLimitError } from './bans.ts'
import type { BanInfo, BanSurface, Invalidated } from './invalidation.ts'

export class RemoteBans implements BanSurface {
  readonly #asker: Asker

  constructor(asker: Asker) {
    this.#asker = asker
  }

  /** Rejects with a `BanError` or a `BanLimitError`. */
  async ban(text: string): Promise<Invalidated> {
    return (await this.#ask({ do: 'ban', text })) as Invalidated
  }

  async count(text: string): Promise<number> {
    return (await this.#ask({ do: 'countBan', text })) as number
  }

  async list(): Promise<readonly BanInfo[]> {
    return (await this.#ask({ do: 'bans' })) as readonly BanInfo[]
  }

  /** Told by the thread that has the list. */
  gauges(): Readonly<Record<string, number>> {
    return {}
  }

  stop(): void {}

  #ask(asking: Parameters<Asker['ask']>[0]): Promise<unknown> {
    return askNamed(this.#asker, asking)
  }
}

/** Rejects with a `BanError` or a `BanLimitError` where the other thread had one. */
export async function askNamed(asker: Asker, asking: Parameters<Asker['ask']>[0]): Promise<unknown> {
  try {
    return await asker.ask(asking)
  } catch (error) {
    throw error instanceof AskedError ? named(error) : error
  }
}

function named(error: AskedError): Error {
  switch (error.name) {
    case 'BanError':
      return new BanError(error.message)
    case 'BanLimitError':
      return new BanLimitError(error.message)
    default:
      return error
  }
}
