import { busyWorld } from './busy-world.ts'
import { sampleCluster, sampleForward, sampleNow } from './samples.ts'
import type { World } from './world.ts'

/** A hundred clusters, and so many forwards that no list may draw them all. */
export function manyWorld(count: number): World {
  const world = busyWorld()
  const states = world.forwards
  world.clusters = Array.from({ length: Math.max(100, count / 10) }, (_, index) =>
    sampleCluster({
      name: `cluster-${String(index).padStart(4, '0')}`,
      environment: ['production', 'staging', null][index % 3] ?? null,
    }),
  )
  world.forwards = Array.from({ length: count }, (_, index) =>
    sampleForward({
      ...states[index % states.length],
      id: crypto.randomUUID(),
      name: `forward-${String(index).padStart(5, '0')}`,
      clusterId: world.clusters[index % 100]?.id ?? '',
    }),
  )
  world.output = Array.from({ length: count }, (_, seq) => ({
    seq,
    at: sampleNow - (count - seq) * 10,
    stream: 'stdout' as const,
    text: `Handling connection for ${seq}`,
    pid: 5120,
  }))
  return world
}

/** Many of everything, with long names. */
export function crowdedWorld(): World {
  const world = busyWorld()
  const base = world.clusters
  world.clusters = Array.from({ length: 50 }, (_, index) =>
    sampleCluster({
      name:
        index % 7 === 0
          ? `arn:aws:eks:eu-central-1:1111222233${index}:cluster/a-very-long-cluster-name-that-does-not-end`
          : `cluster-${String(index).padStart(2, '0')}`,
      environment: ['production', 'staging', 'development', null][index % 4] ?? null,
      status: base[index % base.length]?.status ?? { ...sampleCluster().status, status: 'unknown' },
      forwards: { total: index % 3, on: index % 2 },
    }),
  )
  world.forwards = Array.from({ length: 60 }, (_, index) => {
    const like = world.forwards[index % world.forwards.length]
    const name =
      index % 9 === 0
        ? 'a-forward-with-a-name-that-is-longer-than-anybody-would-want-it-to-be'
        : `forward-${String(index).padStart(2, '0')}`
    return sampleForward({ ...like, id: crypto.randomUUID(), name, clusterId: world.clusters[index % 6]?.id ?? '' })
  })
  world.activeId = world.clusters[0]?.id ?? null
  return world
}
