import { judgeRefused } from './judge.ts'
import { PARSER_DEFECTS } from './payloads-parsers.ts'

judgeRefused('payloads on which servers have disagreed', PARSER_DEFECTS)
