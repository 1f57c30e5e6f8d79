/**
 * fast-check with a seed that is the same in every run, so that the gate's verdict is a matter of the code alone. `CLEARCOAT_SEED=random npm test`
 * looks elsewhere each time, `CLEARCOAT_SEED=-2134372341 npm test` repeats what it found.
 */
import fc from 'fast-check'

const given = process.env['CLEARCOAT_SEED'] ?? '20261127'
if (given !== 'random') {
  const seed = Number(given)
  if (!Number.isSafeInteger(seed)) throw new Error(`CLEARCOAT_SEED is “${given}”: give a whole number, or “random”`)
  fc.configureGlobal({ seed })
}

export default fc
