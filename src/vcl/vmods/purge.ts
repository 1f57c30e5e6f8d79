import { only } from '../scopes.ts'
import { may, signature, type Vmod, vmod } from '../signature.ts'

const LOOKED_UP = only('vcl_hit', 'vcl_miss')

/** −1: as it is. */
export const purge: Vmod = vmod('purge', [
  signature('hard', 'INT', [], LOOKED_UP),
  signature('soft', 'INT', [may('DURATION', 'ttl', 0), may('DURATION', 'grace', -1), may('DURATION', 'keep', -1)], LOOKED_UP),
])
