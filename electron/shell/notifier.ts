import { Notification } from 'electron'
import type { Forward } from '../../contract/forwards.ts'
import { due, emptyMemory, forget, observe } from './notification-policy.ts'

const lookEveryMs = 1000

/** Shows what the notification policy finds worth telling; a click shows the window. */
export class Notifier {
  readonly #wanted: () => boolean
  readonly #show: () => void
  readonly #timer: ReturnType<typeof setInterval>
  #memory = emptyMemory

  constructor(options: { wanted: () => boolean; show: () => void }) {
    this.#wanted = options.wanted
    this.#show = options.show
    this.#timer = setInterval(() => this.#tell(), lookEveryMs)
    this.#timer.unref()
  }

  observe(forwards: readonly Forward[]): void {
    for (const forward of forwards) this.#memory = observe(this.#memory, forward, Date.now())
  }

  forget(id: string): void {
    this.#memory = forget(this.#memory, id)
  }

  close(): void {
    clearInterval(this.#timer)
  }

  #tell(): void {
    const { notice, memory } = due(this.#memory, Date.now())
    this.#memory = memory
    if (notice === null || !this.#wanted() || !Notification.isSupported()) return
    const notification = new Notification(notice)
    notification.on('click', this.#show)
    notification.show()
  }
}
