/**
 * V8 turns the prototype of a primitive's wrapper into a dictionary when something extends it (`class Text extends String`, as ioredis and other
 * libraries do), and never back as long as only primitives are read by it. Code that is optimised from then on asks the generic way for each
 * `charCodeAt` or `slice`: a hit takes 8 % longer. A prototype that was used by objects, too, stays as it is for good.
 */

/** More than V8 runs before it notes what is read where. */
const ENOUGH = 1000

/** Before anything else, once in each thread: strings, numbers and booleans are read fast whatever is extended later, or was before. */
export function keepPrimitivesFast(): void {
  for (const wrapper of [Object(''), Object(0), Object(false)]) for (let i = 0; i < ENOUGH; i++) read(wrapper)
}

function read(wrapper: { readonly valueOf: unknown }): unknown {
  return wrapper.valueOf
}
