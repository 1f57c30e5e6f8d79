/** Every command, in the order of the help; the first is what `clearcoat` does without one. */
import { ADM } from './adm.ts'
import { BAN } from './ban.ts'
import { CHECK } from './check.ts'
import type { CommandRow } from './command.ts'
import { CONFIG } from './config.ts'
import { EXPLAIN } from './explain.ts'
import { HASH_PASSWORD } from './hash-password.ts'
import { IMPORT_VCL } from './import-vcl.ts'
import { INIT } from './init.ts'
import { LOG } from './log.ts'
import { LS } from './ls.ts'
import { NODES } from './nodes.ts'
import { PURGE } from './purge.ts'
import { SERVE } from './serve.ts'
import { SHOW } from './show.ts'
import { STAT } from './stat.ts'
import { TAGS } from './tags.ts'
import { TEST } from './test.ts'
import { VERSION } from './version.ts'

export const COMMANDS: readonly CommandRow[] = [
  SERVE,
  INIT,
  CHECK,
  TEST,
  IMPORT_VCL,
  PURGE,
  BAN,
  EXPLAIN,
  LOG,
  LS,
  SHOW,
  TAGS,
  STAT,
  NODES,
  ADM,
  CONFIG,
  HASH_PASSWORD,
  VERSION,
]
