/** `npm run bench:chart`: draws the newest result in `results/` as `results/chart.svg`. */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { chart } from './harness/chart.ts'
import type { Result } from './harness/result.ts'

const folder = new URL('results/', import.meta.url)
const newest = (existsSync(folder) ? readdirSync(folder) : [])
  .filter((name) => name.endsWith('.json'))
  .toSorted()
  .at(-1)
if (newest === undefined)
  throw new Error('bench/results has no result to draw: keep one first, npm run bench:peers -- --json bench/results/DATE.json')
writeFileSync(new URL('chart.svg', folder), chart(JSON.parse(readFileSync(new URL(newest, folder), 'utf8')) as Result))
process.stdout.write(`bench/results/chart.svg shows ${newest}\n`)
