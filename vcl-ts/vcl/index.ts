/** What policies use that were made from VCL by `clearcoat import-vcl`: functions of VCL and its VMODs, to the letter. */
export { backendAt, backendName, backendNamed, nameOf } from './backends.ts'
export { type BlobEncoding, decode, encode } from './blob.ts'
export { builtin } from './builtin.ts'
export { type CookieJar, cookieDate, cookieJar } from './cookie-jar.ts'
export { collect, copyField, lineMatching, removeMatching, replaceFields } from './fields.ts'
export { handOver } from './hand-over.ts'
export { ban, banError, purgeTags } from './invalidation.ts'
export { bytes, divided, duration, integer, integerOf, ip, random, real, remainder, round, time } from './numbers.ts'
export { canGzip, endpoint, gunzip, proto, rollback, transport, xid } from './request.ts'
export { strftime } from './strftime.ts'
export {
  compare,
  equal,
  type FnmatchOptions,
  fnmatch,
  httpDate,
  intersection,
  lower,
  part,
  querysort,
  replaceAll,
  replacement,
  reversed,
  strstr,
  taken,
  upper,
  utf8,
} from './text.ts'
export { type Vars, vars } from './vars.ts'
