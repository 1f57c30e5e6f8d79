import { judgeAccepted, judgeRefused } from './judge.ts'
import { ACCEPTED, CHUNKS, CODINGS, EXPECTATIONS, FIELDS, LENGTHS, TERMINATED } from './payloads-b.ts'

judgeRefused('Content-Length (RFC 9112 §6.2)', LENGTHS)
judgeRefused('Transfer-Encoding (RFC 9112 §6.1)', CODINGS)
judgeRefused('chunked bodies (RFC 9112 §7.1)', CHUNKS)
judgeRefused('line ends within chunked bodies', TERMINATED)
judgeRefused('field lines (RFC 9112 §5)', FIELDS)
judgeRefused('Expect and Connection (RFC 9110 §7.6.1, §10.1.1)', EXPECTATIONS)
judgeAccepted('framing that is canonical', ACCEPTED)
