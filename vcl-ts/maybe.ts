/** Either at once, or when it is known: `await` takes both. */
export type Maybe<T> = T | Promise<T>
