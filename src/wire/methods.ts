/** Facts about methods live with the contract, where the built-in steps need them too. */
export { type MethodFacts, methodFacts } from '../../vcl-ts/methods.ts'
