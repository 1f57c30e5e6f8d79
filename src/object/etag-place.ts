/** A stored ETag: itself, or where its text begins in the field lines that a hit sends; `null`: there is none. Most are part of what is sent. */
import { ownText } from './own.ts'

export type EtagPlace = string | number | null

const ETAG = /^etag: /im

/** With memory of its own only where the field lines do not tell it. */
export function settledEtag(etag: string | null, fieldLines: string): EtagPlace {
  if (etag === null) return null
  const at = fieldLines.search(ETAG)
  const from = at < 0 ? -1 : fieldLines.indexOf(': ', at) + 2
  return from > 0 && fieldLines.startsWith(`${etag}\r\n`, from) ? from : ownText(etag)
}

export function etagAt(place: EtagPlace, fieldLines: string): string | null {
  return typeof place === 'number' ? fieldLines.slice(place, fieldLines.indexOf('\r\n', place)) : place
}
