/** The tags of the transaction log, in Varnish's words (vsl(7)), each with what its text holds. */

export const TAGS = {
  Begin: 'type of the transaction, id of its parent, reason',
  End: 'the last record of a transaction',
  Link: 'type, id and reason of a transaction that this one began',
  SessOpen: 'client address and port, listener, local address and port, time, descriptor',
  SessClose: 'why the connection ended, seconds that it was open',
  SessError: 'what the system said of the connection',
  ReqStart: 'client address and port, listener',
  ReqMethod: 'the request’s method',
  ReqURL: 'its path and query',
  ReqProtocol: 'its version',
  ReqHeader: 'name and value of a field of it',
  ReqUnset: 'a field that is gone from it',
  ReqAcct: 'bytes of the request’s head, body, both; of the answer’s head, body, both',
  PipeAcct: 'bytes of the request’s head, of the head that the origin got, from the client, from the origin',
  VCL_call: 'the hook that runs',
  VCL_return: 'what it answered',
  VCL_Log: 'what a policy logged: key, colon, value',
  VCL_acl: 'MATCH, list and entry of a client address that is on an acl with a name, NEG_MATCH if the entry has a !; NO_MATCH and list',
  VCL_Error: 'what a policy did wrong',
  VCL_use: 'name of the policy',
  Hash: 'a part of the key; *** for what a policy added',
  Hit: 'id of the fetch that stored the object (0: not known), seconds of ttl, grace and keep left',
  HitMiss:
    'answers of the key are not shared for now, so that the request goes forward by itself: id of the fetch that found so (0: not known), seconds left',
  HitPass: 'a policy lets requests for the key pass for now: id of the fetch that it decided that of (0: not known), seconds left',
  RespProtocol: 'the answer’s version',
  RespStatus: 'its status',
  RespReason: 'its reason phrase',
  RespHeader: 'name and value of a field of it',
  RespUnset: 'a field that is gone from it',
  Timestamp: 'event, colon, time, seconds since the start, seconds since the last one',
  BackendOpen: 'descriptor, backend, its address and port, own address and port, connect or reuse',
  BackendClose: 'descriptor, backend, recycle or close',
  BereqMethod: 'method of the request to the origin',
  BereqURL: 'its path and query',
  BereqProtocol: 'its version',
  BereqHeader: 'name and value of a field of it',
  BereqUnset: 'a field that is gone from it',
  BereqAcct: 'bytes as of ReqAcct, towards the origin',
  BerespProtocol: 'version of the origin’s answer',
  BerespStatus: 'its status',
  BerespReason: 'its reason phrase',
  BerespHeader: 'name and value of a field of it',
  BerespUnset: 'a field that is gone from it',
  TTL: 'source, seconds of ttl, grace, keep, reference time, of RFC also when the answer was made, date, expires, max-age; cacheable or not',
  Storage: 'where the body lies: memory, or transient when it is not kept',
  Fetch_Body: 'number and name of the body’s framing, stream or -',
  FetchError: 'why the fetch failed',
  Length: 'bytes of the body',
  Filters: 'what the body passes through',
  ExpKill:
    'EXP_Expired or LRU, id of the fetch that stored the object that is gone (x=0: not known); of what expired also seconds of ttl left',
  ExpBan: 'id of the fetch that stored the object, whether the lurker or a look-up found the ban that took it',
  Backend_health: 'what a probe changed',
  CLI: 'Rd and a command of an operator, Wr and its status',
  Error: 'what went wrong',
  Debug: 'what is of use to who looks for a mistake',
  Notice: 'what is worth a look',
} as const

export type Tag = keyof typeof TAGS

export const TAG_NAMES: readonly Tag[] = Object.freeze(Object.keys(TAGS) as Tag[])

/** The tags that a list names: `ReqURL,Resp*`, in any case, `*` at either end. The part that names none is the answer instead. */
export function tagsOf(list: string): ReadonlySet<Tag> | { readonly unknown: string } {
  const found = new Set<Tag>()
  for (const part of list.split(',')) {
    const tags = TAG_NAMES.filter((tag) => isNamed(part.toLowerCase(), tag.toLowerCase()))
    if (part === '' || tags.length === 0) return { unknown: part }
    for (const tag of tags) found.add(tag)
  }
  return found
}

function isNamed(glob: string, tag: string): boolean {
  const [before, behind] = [glob.startsWith('*'), glob.length > 1 && glob.endsWith('*')]
  const text = glob.slice(before ? 1 : 0, behind ? -1 : undefined)
  if (before && behind) return tag.includes(text)
  if (before) return tag.endsWith(text)
  return behind ? tag.startsWith(text) : tag === text
}
