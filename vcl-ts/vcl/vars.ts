/** VMOD var: variables by name. */
import type { BackendChoice } from '../directors/director.ts'

type Value = string | number | BackendChoice

export interface Vars {
  readonly set: (name: string, value: Value) => void
  /** `undefined` if it is not set, or no text. */
  readonly string: (name: string) => string | undefined
  /** 0 if it is not set, or no number. */
  readonly number: (name: string) => number
  /** `null`, the default backend, if it is not set. */
  readonly backend: (name: string) => BackendChoice | null
  readonly clear: () => void
}

export function vars(): Vars {
  const values = new Map<string, Value>()
  return {
    set: (name, value) => {
      values.set(name, value)
    },
    string: (name) => {
      const value = values.get(name)
      return typeof value === 'string' ? value : undefined
    },
    number: (name) => {
      const value = values.get(name)
      return typeof value === 'number' ? value : 0
    },
    backend: (name) => {
      const value = values.get(name)
      return typeof value === 'object' ? value : null
    },
    clear: () => values.clear(),
  }
}
