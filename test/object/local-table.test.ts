import { tableContract } from './table-contract.ts'
import { rig } from './things.ts'

tableContract('the table of one process', rig)
