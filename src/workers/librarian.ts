/** The supervisor's table, as far as the life of its workers concerns it. */
import type { MessagePort } from 'node:worker_threads'

export interface Librarian {
  /** A worker begins in that place. */
  admit(participant: number, port: MessagePort): void
  /** It is dead: what it left is put in order, before another one is admitted. */
  lost(participant: number): void
}
