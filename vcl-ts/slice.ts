/** Sizes of the slices in which large files are fetched and stored, bytes. */
export const SMALLEST_SLICE: number = 64 * 1024
export const LARGEST_SLICE: number = 64 * 1024 * 1024
/** Where somebody only says that there shall be slices. */
export const DEFAULT_SLICE: number = 8 * 1024 * 1024

/** `null` or 0: none. */
export function isSliceSize(value: unknown): value is number | null {
  if (value === null || value === 0) return true
  return typeof value === 'number' && Number.isInteger(value) && value >= SMALLEST_SLICE && value <= LARGEST_SLICE
}
