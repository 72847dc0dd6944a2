const most = 3
const withinMs = 60_000

/** Decides whether a page that crashed is loaded again by itself: three times a minute, then a person decides. */
export class ReloadLimit {
  #crashes: number[] = []

  /** `now` in ms. */
  mayReload(now: number): boolean {
    this.#crashes = [...this.#crashes.filter((at) => now - at < withinMs), now]
    return this.#crashes.length <= most
  }
}
