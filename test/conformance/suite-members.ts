/** What each member of a suite's request may hold. One row per member the runner understands. */

type Check = (value: unknown) => boolean

const text: Check = (value) => typeof value === 'string'
const textOrNull: Check = (value) => value === null || text(value)
const flag: Check = (value) => typeof value === 'boolean'
const whole: Check = (value) => Number.isInteger(value)
const magic: Check = (value) => text(value) || whole(value)
const oneOf =
  (...values: string[]): Check =>
  (value) =>
    values.includes(value as string)
const listOf =
  (item: Check): Check =>
  (value) =>
    Array.isArray(value) && value.every(item)
/** A list of exactly these members; the last `optional` of them may be absent. */
const tuple =
  (optional: number, ...items: Check[]): Check =>
  (value) =>
    Array.isArray(value) &&
    value.length <= items.length &&
    value.length >= items.length - optional &&
    value.every((item, index) => items[index]?.(item) === true)
const either =
  (...checks: Check[]): Check =>
  (value) =>
    checks.some((check) => check(value))

const line = tuple(0, text, text)
const interim = listOf(tuple(1, (status) => status === 102 || status === 103, listOf(line)))
const fieldOrLine = listOf(either(text, line))

const members: Readonly<Record<string, Check>> = {
  request_method: text,
  request_headers: listOf(tuple(0, text, magic)),
  request_body: text,
  query_arg: text,
  filename: text,
  magic_ims: flag,
  pause_after: flag,
  // The next two instruct a browser's own cache; the runner has none, and never follows redirects.
  cache: text,
  redirect: oneOf('manual'),
  response_status: tuple(0, whole, text),
  response_headers: listOf(tuple(1, text, magic, flag)),
  response_body: textOrNull,
  response_pause: whole,
  interim_responses: interim,
  magic_locations: flag,
  rfc850date: listOf(text),
  disconnect: flag,
  setup: flag,
  setup_tests: listOf(text),
  check_body: flag,
  expected_type: oneOf('cached', 'not_cached', 'etag_validated', 'lm_validated'),
  expected_status: either(whole, (value) => value === null),
  expected_method: text,
  expected_response_headers: listOf(
    either(text, tuple(0, text, magic), tuple(0, text, oneOf('='), text), tuple(0, text, oneOf('>'), whole)),
  ),
  expected_response_headers_missing: fieldOrLine,
  expected_response_text: textOrNull,
  expected_interim_responses: interim,
  expected_request_headers: fieldOrLine,
  expected_request_headers_missing: fieldOrLine,
}

/** Why a member cannot be used, or null. */
export function requestMemberFault(member: string, value: unknown): string | null {
  const check = Object.hasOwn(members, member) ? members[member] : undefined
  if (check === undefined) return `the runner does not know the member ${member}`
  return check(value) ? null : `${member} has an unexpected value ${JSON.stringify(value)}`
}
