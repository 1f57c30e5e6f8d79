/** A remembered refusal in a frame: what the last answer said about sharing. */
import { Marker } from '../object/marker.ts'
import { Doubt, FrameReader, FrameWriter } from './frame-bytes.ts'
import { readPlace, type Told, writePlace } from './frame-place.ts'

const CREDENTIALED = 1
const HIT_FOR_PASS = 2

export interface RefusalFrame extends Told {
  readonly type: Marker['type']
  readonly credentialed: boolean
  readonly xid: number
}

export function writeRefusal(marker: Marker, place: Told): Buffer {
  const writer = new FrameWriter()
  writer.short((marker.credentialed ? CREDENTIALED : 0) | (marker.type === 'hitForPass' ? HIT_FOR_PASS : 0))
  writePlace(writer, place)
  writer.numbers(marker.xid)
  return writer.bytes
}

/** Throws `Doubt`. */
export function readRefusal(told: Buffer): RefusalFrame {
  const reader = new FrameReader(told)
  const flags = reader.short()
  const place = readPlace(reader)
  const xid = reader.whole(Number.MAX_SAFE_INTEGER)
  if (reader.left > 0 || flags > (CREDENTIALED | HIT_FOR_PASS)) throw new Doubt('it is no refusal')
  const type = (flags & HIT_FOR_PASS) === 0 ? 'hitForMiss' : 'hitForPass'
  return { ...place, type, credentialed: (flags & CREDENTIALED) !== 0, xid }
}

/** What was read, in force until a moment (monotonic ms). `position`: of this thread's own log. */
export function markerOf({ key, type, credentialed, xid }: RefusalFrame, until: number, position: number): Marker {
  return new Marker(key, type, until, position, credentialed, xid)
}
