import type { Result } from '../../../contract/errors.ts'
import type { Forward, ForwardPort, RemotePort, Target } from '../../../contract/forwards.ts'
import type { Database, Store } from './store.ts'

/** A forward as the user wants it. */
export type StoredForward = Omit<Forward, 'state' | 'cause' | 'observed'>

type ForwardRow = {
  id: string
  cluster_id: string
  name: string
  namespace: string
  target: string
  desired: StoredForward['desired']
  probe: string
  pod_policy: StoredForward['podPolicy']
  park_seconds: number
  labels: string
  group_name: string | null
  notes: string
  created_at: number
  updated_at: number
}
type PortRow = { id: string; forward_id: string; position: number; remote: string; local: number; bind: string }

/** Forwards and their ports (migrations/0030_forwards.sql). */
export class ForwardTable {
  readonly #store: Store

  constructor(store: Store) {
    this.#store = store
  }

  /** In the order they were made. */
  all(): StoredForward[] {
    const { database } = this.#store
    const ports = new Map<string, ForwardPort[]>()
    for (const row of database
      .prepare<[], PortRow>('SELECT * FROM forward_ports ORDER BY forward_id, position')
      .all()) {
      const list = ports.get(row.forward_id) ?? []
      list.push({ id: row.id, remote: JSON.parse(row.remote) as RemotePort, local: row.local, bind: row.bind })
      ports.set(row.forward_id, list)
    }
    return database
      .prepare<[], ForwardRow>('SELECT * FROM forwards ORDER BY created_at, id')
      .all()
      .map((row) => fromRow(row, ports.get(row.id) ?? []))
  }

  insert(forward: StoredForward): Result<void> {
    return this.#store.write((database) => {
      database
        .prepare(
          `INSERT INTO forwards (id, cluster_id, name, namespace, target, desired, probe, pod_policy, park_seconds, labels, group_name, notes, created_at, updated_at)
           VALUES (@id, @cluster_id, @name, @namespace, @target, @desired, @probe, @pod_policy, @park_seconds, @labels, @group_name, @notes, @created_at, @updated_at)`,
        )
        .run(toRow(forward))
      putPorts(database, forward)
    })
  }

  /** Replaces everything but id and time of creation; a port that is not named any more goes. */
  update(forward: StoredForward): Result<void> {
    return this.#store.write((database) => {
      database
        .prepare(
          `UPDATE forwards SET cluster_id = @cluster_id, name = @name, namespace = @namespace, target = @target, desired = @desired,
             probe = @probe, pod_policy = @pod_policy, park_seconds = @park_seconds, labels = @labels, group_name = @group_name,
             notes = @notes, updated_at = @updated_at
           WHERE id = @id`,
        )
        .run(toRow(forward))
      database.prepare('DELETE FROM forward_ports WHERE forward_id = ?').run(forward.id)
      putPorts(database, forward)
    })
  }

  remove(id: string): Result<void> {
    return this.#store.write((database) => {
      database.prepare('DELETE FROM forwards WHERE id = ?').run(id)
    })
  }

  removeOfCluster(clusterId: string): Result<void> {
    return this.#store.write((database) => {
      database.prepare('DELETE FROM forwards WHERE cluster_id = ?').run(clusterId)
    })
  }
}

function putPorts(database: Database, forward: StoredForward): void {
  const insert = database.prepare(
    'INSERT INTO forward_ports (id, forward_id, position, remote, local, bind) VALUES (@id, @forward_id, @position, @remote, @local, @bind)',
  )
  forward.ports.forEach((port, position) =>
    insert.run({ ...port, forward_id: forward.id, position, remote: JSON.stringify(port.remote) }),
  )
}

const toRow = (forward: StoredForward): ForwardRow => ({
  id: forward.id,
  cluster_id: forward.clusterId,
  name: forward.name,
  namespace: forward.namespace,
  target: JSON.stringify(forward.target),
  desired: forward.desired,
  probe: JSON.stringify(forward.probe),
  pod_policy: forward.podPolicy,
  park_seconds: forward.parkSeconds,
  labels: JSON.stringify(forward.labels),
  group_name: forward.group,
  notes: forward.notes,
  created_at: forward.createdAt,
  updated_at: forward.updatedAt,
})

const fromRow = (row: ForwardRow, ports: ForwardPort[]): StoredForward => ({
  id: row.id,
  clusterId: row.cluster_id,
  name: row.name,
  namespace: row.namespace,
  target: JSON.parse(row.target) as Target,
  ports,
  desired: row.desired,
  probe: JSON.parse(row.probe) as StoredForward['probe'],
  podPolicy: row.pod_policy,
  parkSeconds: row.park_seconds,
  labels: JSON.parse(row.labels) as Record<string, string>,
  group: row.group_name,
  notes: row.notes,
  createdAt: row.created_at,
  updatedAt: row.updated_at,
})
