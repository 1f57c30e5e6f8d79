/** A server, and what it loads with a Redis; says whether primitives are still read fast. */
import { assemble } from '../../src/assembly.ts'

/** V8's own word for it, which only `--allow-natives-syntax` allows. */
const areFast = new Function('return [String, Number, Boolean].every(({ prototype }) => %HasFastProperties(prototype))') as () => boolean

const when = process.argv[2]
const extend = async (): Promise<void> => {
  await import('ioredis')
  new Function('class A extends String {} class B extends Number {} class C extends Boolean {}')()
}
if (when === 'before') await extend()
const begun = areFast()
assemble({ origin: 'http://127.0.0.1:9' })
if (when === 'after') await extend()
console.log(JSON.stringify({ begun, served: areFast() }))
