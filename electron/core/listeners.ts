/** A typed list of listeners, called in order; each is taken off by the function that `listen` returned. */
export class Listeners<T> {
  readonly #listeners = new Set<(value: T) => void>()

  readonly listen = (listener: (value: T) => void): (() => void) => {
    const own = (value: T): void => listener(value)
    this.#listeners.add(own)
    return () => void this.#listeners.delete(own)
  }

  emit(value: T): void {
    for (const listener of [...this.#listeners]) listener(value)
  }
}
