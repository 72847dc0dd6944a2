import type { WatchTarget } from '../../../contract/sidecar.ts'
import type { Clock } from '../clock.ts'
import type { WatchNews } from '../sidecar/sidecar-client.ts'
import type { WatchEvidence } from './evidence.ts'

export type ForwardWatchOptions = {
  readonly clock: Clock
  readonly watchTarget: (watch: WatchTarget, listener: (news: WatchNews) => void) => () => void
  /** After an outage it sees the pods again; told before `changed`. */
  readonly reached: () => void
  readonly changed: () => void
}

/** The watch of one forward's pods, and what it saw last. */
export class ForwardWatch {
  readonly #options: ForwardWatchOptions
  #evidence: WatchEvidence = { state: 'off', since: 0, view: null }
  #stop: (() => void) | null = null

  constructor(options: ForwardWatchOptions) {
    this.#options = options
  }

  get evidence(): WatchEvidence {
    return this.#evidence
  }

  start(watch: WatchTarget): void {
    this.#evidence = { state: 'waiting', since: this.#options.clock.monotonic(), view: null }
    this.again(watch)
  }

  /** Looks once more from the beginning; what was seen stays until then. */
  again(watch: WatchTarget): void {
    this.#stop?.()
    this.#stop = this.#options.watchTarget(watch, (news) => {
      const { state, since, view } = this.#evidence
      const now = this.#options.clock.monotonic()
      this.#evidence =
        'kind' in news
          ? { state: 'unwatched', since: state === 'unwatched' ? since : now, view }
          : { state: 'seen', since: now, view: news }
      if (state === 'unwatched' && this.#evidence.state === 'seen') this.#options.reached()
      this.#options.changed()
    })
  }

  end(): void {
    this.#stop?.()
    this.#stop = null
    this.#evidence = { state: 'off', since: this.#options.clock.monotonic(), view: null }
  }
}
