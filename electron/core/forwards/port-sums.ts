import type { PortRuntime } from './port-runtime.ts'

type Ports = Iterable<PortRuntime>
export type Traffic = { bytesIn: number; bytesOut: number; open: number; parked: number }

export function trafficOf(ports: Ports): Traffic {
  const sum = { bytesIn: 0, bytesOut: 0, open: 0, parked: 0 }
  for (const port of ports) {
    const totals = port.totals()
    sum.bytesIn += totals.bytesIn
    sum.bytesOut += totals.bytesOut
    sum.open += totals.open
    sum.parked += totals.parked
  }
  return sum
}

/** CPU in percent of one core and resident bytes of all engines; null where the system does not tell. */
export function usageOf(ports: Ports): { cpuPercent: number; memoryBytes: number } | null {
  const usages = [...ports]
    .flatMap((port) => port.tunnels())
    .map((handle) => handle.tunnel.usage())
    .filter((usage) => usage !== null)
  if (usages.length === 0) return null
  return {
    cpuPercent: usages.reduce((sum, usage) => sum + usage.cpuPercent, 0),
    memoryBytes: usages.reduce((sum, usage) => sum + usage.memoryBytes, 0),
  }
}

/** The pod behind the first port that knows one. */
export function podOf(ports: Ports): string | null {
  for (const port of ports) {
    const target = port.tunnel('current')?.evidence.target
    if (target?.kind === 'pod') return target.name
  }
  return null
}

/** When the port that was heard of least recently was heard of; monotonic ms. */
export function lastEvidenceOf(ports: Ports): number | null {
  const times = [...ports].flatMap((port) => port.tunnel('current')?.evidence.evidenceAt ?? [])
  return times.length === 0 ? null : Math.min(...times)
}
