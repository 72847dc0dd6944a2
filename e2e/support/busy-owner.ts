import type { Client } from '../../contract/client.ts'
import type { AppError, Result } from '../../contract/errors.ts'
import type { Forward } from '../../contract/forwards.ts'
import { expectOk } from './expect-ok.ts'
import type { SeededRandom } from './seeded-random.ts'

/** What the user was told is saved. */
type Saved = Pick<Forward, 'name' | 'desired' | 'notes'> & { ports: number[] }
const savedOf = ({ name, desired, notes, ports }: Forward): Saved => ({
  name,
  desired,
  notes,
  ports: ports.map(({ local }) => local),
})

export type BusyOwnerOptions = {
  clusterId: string
  namespace: string
  /** How the names of its forwards begin; forwards with other names are nobody's to change. */
  name: string
  /** Kubeconfigs of which any may be the cluster's: context, which is also the user's name, and text. None: not rotated. */
  kubeconfigs?: readonly { context: string; text: string }[]
  /** Of the vault, whose key is then renewed. */
  passphrase?: string
}

/** No more forwards than that, so that the machine has time for changes. */
const most = 4
const kinds = ['add', 'edit', 'turn', 'remove', 'rotate', 'renew'] as const
type Kind = (typeof kinds)[number]

/** Adds, edits, turns, removes, rotates and renews without a pause, and remembers what the owner has said yes to. */
export class BusyOwner {
  readonly #options: BusyOwnerOptions
  readonly #saved = new Map<string, Saved>()
  readonly #kinds: readonly Kind[]
  /** The user of the cluster; null: it was never rotated. */
  #user: string | null = null
  /** What was asked for when the owner went: done or not done, never half. */
  #open: { id?: string; saved?: Partial<Saved> | null; user?: string } = {}
  #count = 0
  /** Changes the owner said yes to, by what was changed. */
  readonly done: Record<Kind, number> = { add: 0, edit: 0, turn: 0, remove: 0, rotate: 0, renew: 0 }

  constructor(options: BusyOwnerOptions) {
    this.#options = options
    const { kubeconfigs = [], passphrase } = options
    const without = [...(kubeconfigs.length === 0 ? ['rotate'] : []), ...(passphrase === undefined ? ['renew'] : [])]
    this.#kinds = kinds.filter((kind) => !without.includes(kind))
  }

  /** The local ports of what is wanted on. */
  get ports(): number[] {
    return [...this.#saved.values()].flatMap(({ desired, ports }) => (desired === 'on' ? ports : []))
  }

  /** One change after another, until the owner does not answer any more. `random`: for this owner's life alone. */
  async work(client: Client, random: SeededRandom): Promise<void> {
    while (await this.#change(client, random));
  }

  /** Compares with what the next owner has: everything that was said yes to, and nothing else. Answers what is wrong. */
  async check(client: Client): Promise<string[]> {
    const { name, clusterId } = this.#options
    const found: string[] = []
    const rows = (await expectOk(client.forwards.list())).filter((row) => row.name.startsWith(name))
    const { user } = await expectOk(client.clusters.get({ id: clusterId }))
    const open = this.#open
    this.#open = {}
    for (const row of rows) {
      const now = savedOf(row)
      const before = this.#saved.get(row.id)
      const wish = open.id === row.id || before === undefined ? open.saved : undefined
      const isAsWished = wish !== undefined && wish !== null && same({ ...(before ?? now), ...wish }, now)
      if (isAsWished || (before !== undefined && same(before, now))) this.#saved.set(row.id, now)
      else found.push(`${JSON.stringify(before ?? 'nothing')} came back as ${JSON.stringify(now)}`)
    }
    const there = new Set(rows.map(({ id }) => id))
    for (const [id, saved] of this.#saved) {
      if (there.has(id)) continue
      if (id !== open.id || open.saved !== null) found.push(`${saved.name} is lost`)
      this.#saved.delete(id)
    }
    if (this.#user !== null && user !== this.#user && user !== open.user) found.push(`the cluster has the user ${user}`)
    if (this.#user !== null || open.user !== undefined) this.#user = user
    return found
  }

  async clear(client: Client): Promise<void> {
    for (const id of this.#saved.keys()) await expectOk(client.forwards.remove({ id }))
    this.#saved.clear()
  }

  /** False: the owner is gone, and nobody knows whether it was done. */
  async #change(client: Client, random: SeededRandom): Promise<boolean> {
    const ids = [...this.#saved.keys()]
    const wished = ids.length === 0 ? 'add' : random.one(this.#kinds)
    const what = wished === 'add' && ids.length >= most ? 'remove' : wished
    this.#count += 1
    const answer = await this.#ask(client, random, what, ids.length === 0 ? '' : random.one(ids))
    if (!answer.ok) {
      if (isGone(answer.error)) return false
      throw new Error(`${what}: ${answer.error.code}: ${answer.error.message}`)
    }
    this.#open = {}
    this.done[what] += 1
    return true
  }

  async #ask(client: Client, random: SeededRandom, what: Kind, id: string): Promise<Result<unknown>> {
    const { clusterId, namespace, kubeconfigs = [], passphrase = '' } = this.#options
    const words = `${this.#options.name} ${this.#count}`
    switch (what) {
      case 'add': {
        this.#open = { saved: { name: words, desired: 'on' } }
        const target = { kind: 'service', name: 'web' } as const
        const ports = [{ remote: 8080 }]
        const made = await client.forwards.create({ name: words, clusterId, namespace, target, ports })
        if (made.ok) this.#saved.set(made.value.id, savedOf(made.value))
        return made
      }
      case 'edit':
      case 'turn': {
        const wish = what === 'edit' ? { notes: words } : { desired: random.one(['on', 'off'] as const) }
        this.#open = { id, saved: wish }
        const changed = await client.forwards.update({ id, ...wish })
        if (changed.ok) this.#saved.set(id, savedOf(changed.value))
        return changed
      }
      case 'remove': {
        this.#open = { id, saved: null }
        const removed = await client.forwards.remove({ id })
        if (removed.ok) this.#saved.delete(id)
        return removed
      }
      case 'rotate': {
        const { context, text } = random.one(kubeconfigs)
        this.#open = { user: context }
        const rotated = await client.clusters.rotate({ id: clusterId, context, text })
        if (rotated.ok) this.#user = rotated.value.user
        return rotated
      }
      case 'renew':
        return client.vault.rotate({ provider: 'passphrase', passphrase })
    }
  }
}

const isGone = ({ code }: AppError): boolean => code === 'owner-lost'

const same = (one: Saved, other: Saved): boolean => JSON.stringify(one) === JSON.stringify(other)
