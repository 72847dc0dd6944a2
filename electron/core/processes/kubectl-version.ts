import { z } from 'zod'

const ClientVersion = z.object({ clientVersion: z.object({ gitVersion: z.string() }) })

/** The version in what `kubectl version --client -o json` prints; null when it prints something else. */
export function parseClientVersion(stdout: string): string | null {
  try {
    const parsed = ClientVersion.safeParse(JSON.parse(stdout))
    return parsed.success ? parsed.data.clientVersion.gitVersion : null
  } catch {
    return null
  }
}

/** Names a vendor's build or wrapper by its version's suffix and by where it really lies; null: plain kubectl. */
export function vendorOf(version: string | null, path: string, realPath: string): string | null {
  const places = `${path}\n${realPath}`.replaceAll('\\', '/')
  const rules: readonly (readonly [boolean, string])[] = [
    [/-dispatcher/.test(version ?? ''), 'gcloud dispatcher'],
    [/google-cloud-sdk/.test(places), 'Google Cloud SDK'],
    [/-gke\./.test(version ?? ''), 'Google Kubernetes Engine'],
    [/-eks-/.test(version ?? ''), 'Amazon EKS'],
    [/\+k3s/.test(version ?? '') || /\/k3s$/m.test(places), 'k3s'],
    [/\+rke2/.test(version ?? ''), 'RKE2'],
    [/microk8s/.test(places), 'MicroK8s'],
    [/Rancher Desktop|\/\.rd\/|kuberlr/.test(places), 'Rancher Desktop'],
    [/Docker\.app|\/Docker\/Docker\/|\/\.docker\//.test(places), 'Docker Desktop'],
    [/\/minikube/.test(places), 'minikube'],
    [/\/snap\//.test(places), 'snap'],
  ]
  return rules.find(([matches]) => matches)?.[1] ?? null
}

const minorOf = (version: string): { major: number; minor: number } | null => {
  const match = /^v?(\d+)\.(\d+)/.exec(version)
  return match === null ? null : { major: Number(match[1]), minor: Number(match[2]) }
}

/**
 * Says when kubectl and a server are further apart than Kubernetes supports (one minor version either way, version skew
 * policy); null when they are not, or when a version cannot be read.
 */
export function skewMessage(clientVersion: string, serverVersion: string): string | null {
  const client = minorOf(clientVersion)
  const server = minorOf(serverVersion)
  if (client === null || server === null) return null
  const distance = (client.major - server.major) * 1000 + client.minor - server.minor
  if (Math.abs(distance) <= 1) return null
  const direction = distance > 0 ? 'newer' : 'older'
  const by = client.major === server.major ? `${Math.abs(distance)} minor versions ${direction}` : direction
  return `kubectl ${client.major}.${client.minor} is ${by} than the cluster's ${server.major}.${server.minor}; Kubernetes supports one minor version either way.`
}
