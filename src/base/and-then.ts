/**
 * Goes on at once where the value is there, and later where it is still to come: what is in memory
 * costs no promise and waits for no turn of the event loop. What `next` throws is thrown, or rejects,
 * in the same way.
 */
export function andThen<T, R>(value: T | Promise<T>, next: (value: T) => R | Promise<R>): R | Promise<R> {
  return value instanceof Promise ? value.then(next) : next(value)
}
