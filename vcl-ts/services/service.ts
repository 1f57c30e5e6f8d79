/**
 * Services: what a policy declares as data and the engine carries out, because it needs I/O, a library, or memory that workers share. A
 * service works from before `init` to behind `fini` of the policy in whose `services` it stands.
 */

export type ServiceKind = 'rateLimit' | 'basicAuth' | 'jwt' | 'forwardAuth' | 'memo' | 'httpClient'

/** What every service has; its methods are those of its kind. */
export interface Service {
  readonly type: 'service'
  readonly kind: ServiceKind
}

/** A service is asked while nobody carries it out. */
export class ServiceError extends Error {
  constructor(kind: ServiceKind) {
    super(
      `this ${kind} does not run: name it in the policy, definePolicy({ services: { … }, … }), and ask it from init on, not while the file is read`,
    )
    this.name = 'ServiceError'
  }
}

/** Who carries a service out, last introduced first asked: one policy object may serve in several engines of a thread. */
const WORK = new WeakMap<Service, object[]>()

/** Engine only: from now on `work` carries the service out, until the function that it answers is called. */
export function introduce(service: Service, work: object): () => void {
  const all = WORK.get(service) ?? []
  WORK.set(service, all)
  all.push(work)
  return () => {
    const at = all.indexOf(work)
    if (at >= 0) all.splice(at, 1)
  }
}

/** Who carries a service out. Throws a `ServiceError` when nobody does. */
export function workOf<W extends object>(service: Service): W {
  const work = WORK.get(service)?.at(-1)
  if (work === undefined) throw new ServiceError(service.kind)
  return work as W
}

/** Whether it is a declaration of a service. */
export function isService(value: unknown): value is Service {
  return typeof value === 'object' && value !== null && (value as Service).type === 'service'
}

/** By name; the first of a name keeps it, another service of that name has a number behind it. */
export function namedServices(records: readonly Readonly<Record<string, Service>>[]): ReadonlyMap<string, Service> {
  const services = new Map<string, Service>()
  const known = new Set<Service>()
  for (const record of records)
    for (const [name, service] of Object.entries(record)) {
      if (known.has(service)) continue
      known.add(service)
      let free = name
      for (let number = 2; services.has(free); number++) free = `${name}~${number}`
      services.set(free, service)
    }
  return services
}
