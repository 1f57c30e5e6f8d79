import { expect, it } from 'vitest'
import { Flights } from '../../src/object/flights.ts'
import fc from '../support/properties.ts'

it('knows the oldest fetch under way, whatever begins and ends', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.constantFrom('begin', 'step', 'end'), fc.nat(9)), { maxLength: 60 }), (steps) => {
      const flights = new Flights()
      let landed = 0
      flights.onLanded = () => landed++
      const model: number[] = []
      let position = 0
      let landings = 0
      for (const [what, which] of steps) {
        if (what === 'step') position++
        else if (what === 'begin') {
          model.push(position)
          flights.begin(position)
        } else if (model.length > 0) {
          const [ended] = model.splice(which % model.length, 1)
          if (!model.includes(ended as number)) landings++
          flights.end(ended as number)
        }
        expect(flights.oldest).toBe(model.length === 0 ? Number.POSITIVE_INFINITY : Math.min(...model))
        expect(landed).toBe(landings)
      }
    }),
  )
})
