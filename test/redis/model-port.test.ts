import { seeded } from '../cache-attacks/interleaving.ts'
import { ModelLink } from '../support/model-link.ts'
import { ModelFeed, ModelPort } from '../support/model-port.ts'
import { ModelRedis } from '../support/model-redis.ts'
import { NATURE, VirtualTime } from '../support/virtual-time.ts'
import { CONTRACT_TWINS, type PortUnderTest, portContract } from './port-contract.ts'

portContract('the model', async () => modelled(1, 1))
portContract('the model of a Cluster', async () => modelled(2, 3))

function modelled(seed: number, shards: number): PortUnderTest {
  const time = new VirtualTime()
  const redis = new ModelRedis({ time, random: seeded(seed), shards })
  const own = new ModelLink(redis, NATURE)
  return {
    port: new ModelPort(own, 50, CONTRACT_TWINS),
    other: new ModelPort(new ModelLink(redis, NATURE), 50, CONTRACT_TWINS),
    feed: new ModelFeed(own),
    settle: (promise) => time.settle(promise),
    async stop() {},
  }
}
