import type { Result } from '../../../contract/errors.ts'
import type { ClusterConnection } from '../../../contract/sidecar.ts'
import type { Clock } from '../clock.ts'
import type { CredentialFailure } from '../credentials/credentials.ts'
import { failureOfCredentials } from './causes.ts'
import { noCredentials, type CredentialEvidence } from './evidence.ts'

export type ForwardCredentialsOptions = {
  readonly clock: Clock
  readonly resolve: (
    clusterId: string,
    options: { fresh: boolean; since: number },
  ) => Promise<Result<ClusterConnection, CredentialFailure>>
  /** New credentials are there; they go to whoever watches the cluster too. */
  readonly obtained: (clusterId: string, connection: ClusterConnection) => void
}

/** The way to the cluster that one forward uses, and what is known about it. Obtains when told, forgets when told. */
export class ForwardCredentials {
  readonly #options: ForwardCredentialsOptions
  #evidence = noCredentials
  #connection: ClusterConnection | null = null
  /** Counts what makes an answer that is on its way one of yesterday. */
  #asked = 0

  constructor(options: ForwardCredentialsOptions) {
    this.#options = options
  }

  get evidence(): CredentialEvidence {
    return this.#evidence
  }

  /** Null while there are none. */
  get connection(): ClusterConnection | null {
    return this.#connection
  }

  /**
   * For a tunnel: the newest there are, until other ones are to be used or the vault is locked. A tunnel that is open
   * goes on then, but starts no process any more, and holds no secret.
   */
  lend(): () => ClusterConnection | null {
    const { epoch } = this.#evidence
    return () => (epoch === this.#evidence.epoch ? this.#connection : null)
  }

  /** True when the outcome is new evidence, and not of credentials that were replaced or forgotten meanwhile. */
  async obtain(clusterId: string, options: { fresh: boolean; since: number }): Promise<boolean> {
    const { clock, resolve, obtained } = this.#options
    const asked = ++this.#asked
    this.#evidence = {
      ...this.#evidence,
      state: 'resolving',
      attempt: this.#evidence.attempt + 1,
      fresh: options.fresh,
    }
    const resolved = await resolve(clusterId, options)
    if (asked !== this.#asked) return false
    if (!resolved.ok) {
      this.#evidence = { ...this.#evidence, state: 'failed', failure: failureOfCredentials(resolved.error) }
      return true
    }
    const { expiresAt } = resolved.value
    this.#connection = resolved.value
    this.#evidence = {
      ...this.#evidence,
      state: 'ready',
      version: this.#evidence.version + 1,
      failure: null,
      expiresAt: expiresAt === null ? null : clock.monotonic() + expiresAt - clock.now(),
    }
    obtained(clusterId, resolved.value)
    return true
  }

  /** Other ones are to be used from now on: tunnels of these move over. */
  replace(): void {
    this.forget()
    this.#evidence = { ...this.#evidence, epoch: this.#evidence.epoch + 1 }
  }

  /** What was obtained is let go; tunnels that are open stay as they are. */
  forget(): void {
    this.#asked += 1
    this.#connection = null
    this.#evidence = { ...this.#evidence, state: 'none', failure: null, expiresAt: null }
  }
}
