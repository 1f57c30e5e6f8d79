/** An access record to vary in tests. */
import type { AccessRecord } from '../../src/log.ts'

export function record(changes: Partial<AccessRecord> = {}): AccessRecord {
  return {
    time: Date.UTC(2026, 0, 2, 3, 4, 5, 678),
    id: 'ab-1',
    client: '192.0.2.1',
    method: 'GET',
    host: 'shop.example',
    url: '/shop',
    proto: '1.1',
    status: 200,
    bytes: 700,
    bodyBytes: 500,
    duration: 41.2,
    firstByte: 40,
    outcome: 'MISS',
    reason: 'ABSENT',
    detail: 'stored ttl=60s (s-maxage)',
    end: 'sent',
    esiLevel: 0,
    notes: null,
    referer: '',
    userAgent: 'curl/8',
    ...changes,
  }
}
