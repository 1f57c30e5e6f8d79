/** What the shop sells. */

export interface Product {
  readonly id: string
  readonly name: string
  /** In cents. */
  readonly price: number
  readonly color: string
}

export const PRODUCTS: readonly Product[] = [
  { id: 'teapot', name: 'Teapot', price: 3900, color: '#b5473c' },
  { id: 'lamp', name: 'Reading lamp', price: 5400, color: '#d9a53a' },
  { id: 'chair', name: 'Kitchen chair', price: 12900, color: '#4b7a5a' },
  { id: 'blanket', name: 'Wool blanket', price: 8900, color: '#4a5f8a' },
]

export function productById(id: string): Product | null {
  return PRODUCTS.find((product) => product.id === id) ?? null
}

export function price(cents: number): string {
  return `€ ${(cents / 100).toFixed(2)}`
}
