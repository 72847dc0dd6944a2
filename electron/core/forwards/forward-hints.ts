import type { HintKind } from '../../../contract/forwards.ts'
import type { Clock } from '../clock.ts'
import type { Evidence } from './evidence.ts'

export type HintEvidence = Pick<
  Evidence,
  'hints' | 'hintedBy' | 'doubtedBefore' | 'askedAt' | 'openAgainAt' | 'restarts'
>

/** `reached`: its cluster answers again. */
export type Hint = HintKind | 'reached'

/** What somebody, or the system, said that makes another try worth it: counted, so that each counts once. */
export class ForwardHints {
  readonly #clock: Clock
  #evidence: HintEvidence = {
    hints: 0,
    hintedBy: 'person',
    doubtedBefore: -Infinity,
    askedAt: -Infinity,
    openAgainAt: -Infinity,
    restarts: 0,
  }
  #personAt: number

  constructor(clock: Clock) {
    this.#clock = clock
    this.#personAt = clock.now()
  }

  get evidence(): HintEvidence {
    return this.#evidence
  }

  /** When somebody asked last, wall clock: a failure of before says nothing to them. */
  get personAt(): number {
    return this.#personAt
  }

  /** Somebody changed something, or asks. */
  byPerson(): void {
    this.#personAt = this.#clock.now()
    this.#count('person')
  }

  note(kind: Hint): void {
    const now = this.#clock.monotonic()
    if (kind === 'wake') this.#evidence = { ...this.#evidence, doubtedBefore: now }
    if (kind === 'wake' || kind === 'network') this.#evidence = { ...this.#evidence, askedAt: now }
    if (kind === 'wake' || kind === 'reached') this.#evidence = { ...this.#evidence, openAgainAt: now }
    if (kind === 'look') this.byPerson()
    else this.#count('system')
  }

  /** Somebody wants new tunnels. */
  restart(): void {
    this.#evidence = { ...this.#evidence, restarts: this.#evidence.restarts + 1 }
    this.byPerson()
  }

  #count(by: 'person' | 'system'): void {
    this.#evidence = { ...this.#evidence, hints: this.#evidence.hints + 1, hintedBy: by }
  }
}
