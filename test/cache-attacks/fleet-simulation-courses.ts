/** Kinds of time that a fleet may have. */
import type { FleetCourse } from './fleet-simulation.ts'
import type { OriginManners } from './simulated-origin.ts'

const STEADY: OriginManners = { takes: 200, slow: 1500, slows: 0.05, fails: 0, refuses: 0, large: 0.03, varies: 0, short: 0 }
const MOODY: OriginManners = { takes: 200, slow: 5000, slows: 0.1, fails: 0.05, refuses: 0.05, large: 0.05, varies: 0.3, short: 0.3 }

const WELL: FleetCourse = {
  seconds: 8,
  requests: 10,
  purges: 1,
  origin: MOODY,
  misfortunes: {},
  cuts: 3,
  shards: 1,
  lag: 200,
  skew: 1000,
  coalesces: false,
}

export const COURSES: Readonly<Record<string, FleetCourse>> = {
  'all is well': { ...WELL, origin: STEADY, coalesces: true },
  'the origin has moods': WELL,
  'nodes are cut off': { ...WELL, misfortunes: { cut: 0.6, slow: 0.3 } },
  'masters fail': { ...WELL, misfortunes: { failover: 0.4, restart: 0.3, cut: 0.1 } },
  'masters of a Cluster fail': { ...WELL, shards: 2, misfortunes: { failover: 0.4, restart: 0.3, cut: 0.1 } },
  'masters fail at the worst moment': { ...WELL, shards: 2, purges: 0.5, misfortunes: { worst: 0.3 } },
  'nodes end and begin': { ...WELL, misfortunes: { restart: 0.5, freeze: 0.3 } },
  'Redis forgets': { ...WELL, misfortunes: { flush: 0.2, evict: 0.3, trim: 0.3, refuse: 0.1, cut: 0.2 } },
  'everything at once': {
    ...WELL,
    skew: 3_600_000,
    misfortunes: { cut: 0.2, slow: 0.2, failover: 0.2, restart: 0.2, freeze: 0.2, flush: 0.05, evict: 0.1, trim: 0.2, refuse: 0.1 },
  },
  'Redis forgets for minutes': {
    ...WELL,
    ...{ seconds: 150, requests: 1, purges: 0.1, cuts: 20 },
    misfortunes: { evict: 0.03, trim: 0.03, flush: 0.01, restart: 0.05, cut: 0.03, failover: 0.03 },
  },
  'nodes are cut off for minutes': { ...WELL, seconds: 150, requests: 2, purges: 0.1, cuts: 150, misfortunes: { cut: 0.06 } },
}
