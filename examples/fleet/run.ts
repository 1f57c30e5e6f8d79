/** `node examples/fleet/run.ts [redis://host:6379]`: three nodes, a Redis and an origin, until Ctrl-C. */
import { relative } from 'node:path'
import { MAIN, type RunningFleet, startFleet } from './fleet.ts'

const HOST = 'www.example.com'

const [redis] = process.argv.slice(2)
const starting = startFleet({ ...(redis === undefined ? {} : { redis }), say: (line) => process.stdout.write(`${line}\n`) })

let ending = false
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
  process.on(signal, () => {
    if (ending) return
    ending = true
    process.stdout.write('\nending the nodes, then Redis and the origin\n')
    // What did not start has ended already.
    starting.then(
      (fleet) => fleet.close(),
      () => {},
    )
  })

try {
  process.stdout.write(words(await starting))
} catch (error) {
  process.stderr.write(`the fleet did not start: ${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 1
}

function words({ origin, redis: { url, pid }, nodes }: RunningFleet): string {
  const [one, two, three] = nodes
  const clearcoat = `node ${relative(process.cwd(), MAIN)}`
  const curl = `curl -s -H 'Host: ${HOST}'`
  const list = nodes.map((node) => `  ${node.name}   ${node.url}   admin ${node.admin}   pid ${node.pid}\n`).join('')
  const freeze =
    pid === null ? '' : `  kill -STOP ${pid}   Redis freezes: all go on serving; kill -CONT ${pid} and they find each other again\n`
  return `
${nodes.length} nodes share one cache
${list}  Redis     ${url}${pid === null ? '' : `   pid ${pid}`}
  origin    ${origin.url}

Try, in another terminal
  ${curl} -i ${one?.url}/page   a miss: the origin makes it
  ${curl} -i ${two?.url}/page   a hit at another node: tier=redis in Cache-Status, and from then on its memory
  ${curl} -X PURGE ${three?.url}/page   gone everywhere
  ${clearcoat} nodes --admin ${one?.admin}
  ${clearcoat} purge --tag site --wait --admin ${two?.admin}   each node with what went there
  ${clearcoat} stat 'tier_*' 'fleet_*' --admin ${two?.admin}
${freeze}  kill -9 ${three?.pid}   a node dies: nodes shows it for a few seconds more

Ctrl-C ends them all.
`
}
