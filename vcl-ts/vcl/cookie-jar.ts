/** VMOD cookie: a request's cookies, taken apart and put together again. `cookies` is what a policy that is written by hand uses. */
import { httpDate } from './text.ts'

/** The cookies of one task, empty until `parse`. Lists of names are separated by commas or blanks. */
export interface CookieJar {
  /** Takes the cookies of a field in place of those that were there. */
  readonly parse: (field: string) => void
  readonly clean: () => void
  readonly get: (name: string) => string | undefined
  /** The value of the first cookie whose name matches. */
  readonly getMatching: (pattern: RegExp) => string | undefined
  readonly has: (name: string) => boolean
  readonly set: (name: string, value: string) => void
  readonly delete: (name: string) => void
  /** Deletes those that are listed. */
  readonly filter: (names: string) => void
  readonly filterMatching: (pattern: RegExp) => void
  /** Deletes all but those that are listed. */
  readonly keep: (names: string) => void
  readonly keepMatching: (pattern: RegExp) => void
  /** As a field; empty without cookies. */
  readonly text: () => string
}

export function cookieJar(): CookieJar {
  let list: readonly (readonly [name: string, value: string])[] = []
  const retain = (wanted: (name: string) => boolean): void => {
    list = list.filter(([name]) => wanted(name))
  }
  return {
    parse: (field) => {
      list = field.split(';').flatMap((pair): [string, string][] => {
        const at = pair.indexOf('=')
        const name = pair.slice(0, Math.max(0, at)).trim()
        return name === '' ? [] : [[name, pair.slice(at + 1).trim()]]
      })
    },
    clean: () => {
      list = []
    },
    get: (wanted) => list.find(([name]) => name === wanted)?.[1],
    getMatching: (pattern) => list.find(([name]) => pattern.test(name))?.[1],
    has: (wanted) => list.some(([name]) => name === wanted),
    set: (name, value) => {
      const at = list.findIndex((cookie) => cookie[0] === name)
      list = at < 0 ? [...list, [name, value]] : list.toSpliced(at, 1, [name, value])
    },
    delete: (unwanted) => retain((name) => name !== unwanted),
    filter: (names) => {
      const listed = namesOf(names)
      retain((name) => !listed.has(name))
    },
    filterMatching: (pattern) => retain((name) => !pattern.test(name)),
    keep: (names) => {
      const listed = namesOf(names)
      retain((name) => listed.has(name))
    },
    keepMatching: (pattern) => retain((name) => pattern.test(name)),
    // As Varnish 7.1 writes it, with the last semicolon.
    text: () => (list.length === 0 ? '' : `${list.map(([name, value]) => `${name}=${value}`).join('; ')};`),
  }
}

function namesOf(list: string): ReadonlySet<string> {
  return new Set(list.split(/[\s,]+/).filter((name) => name !== ''))
}

/** For `Expires`: so many seconds from `now`. */
export function cookieDate(now: number, seconds: number): string {
  return httpDate(now + seconds)
}
