/** Kinds of time that a fleet may have. */
import type { FleetCourse } from './fleet-simulation.ts'
import type { OriginManners } from './simulated-origin.ts'

const STEADY: OriginManners = { takes: 200, slow: 1500, slows: 0.05, fails: 0, refuses: 0, large: 0.03, varies: 0, short: 0 }
const MOODY: OriginManners = { takes: 200, slow: 5000, slows: 0.1, fails: 0.05, refuses: 0.05, large: 0.05, varies: 0.3, short: 0.3 }

const WELL: FleetCourse = {
  seconds: 15,
  requests: 6,
  purges: 0.6,
  origin: MOODY,
  misfortunes: {},
  cuts: 4,
  shards: 1,
  skew: 1000,
  coalesces: false,
}

export const COURSES: Readonly<Record<string, FleetCourse>> = {
  'all is well': { ...WELL, origin: STEADY, coalesces: true },
  quiet: { ...WELL, origin: STEADY, coalesces: true, purges: 0 },
  'an origin with moods': WELL,
  'nodes are cut off': { ...WELL, misfortunes: { cut: 0.4, slow: 0.2 } },
  'masters fail': { ...WELL, misfortunes: { failover: 0.2 } },
  'masters of a Cluster fail': { ...WELL, shards: 2, misfortunes: { failover: 0.3 } },
  'nodes end and begin': { ...WELL, misfortunes: { restart: 0.3, freeze: 0.2 } },
  'Redis forgets': { ...WELL, misfortunes: { flush: 0.1, evict: 0.2, trim: 0.2, refuse: 0.1, cut: 0.1 } },
  'everything at once': {
    ...WELL,
    skew: 3_600_000,
    misfortunes: { cut: 0.15, slow: 0.1, failover: 0.1, restart: 0.1, freeze: 0.1, flush: 0.03, evict: 0.05, trim: 0.1, refuse: 0.05 },
  },
  'nodes are cut off for minutes': { ...WELL, seconds: 150, requests: 1, purges: 0.15, cuts: 120, misfortunes: { cut: 0.03 } },
}
