import fs from 'node:fs/promises'
import path from 'node:path'
import { stringify } from 'yaml'
import { inCluster, type ClusterLayout } from './cluster-layout.ts'

export type KubeconfigCluster = {
  server: string
  /** PEM of the authority that signed the server's certificate. */
  authority: string
  proxyUrl?: string
  tlsServerName?: string
}

/** The `user` object of a kubeconfig, as Kubernetes defines it. */
export type KubeconfigUser = Record<string, unknown>

export function base64(text: string): string {
  return Buffer.from(text).toString('base64')
}

/** A kubeconfig with one context, called like its user. */
export function kubeconfig(
  name: string,
  cluster: KubeconfigCluster,
  user: KubeconfigUser,
  namespace?: string,
): Record<string, unknown> {
  const clusterName = `testbed-${name}`
  return {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [
      {
        name: clusterName,
        cluster: {
          server: cluster.server,
          'certificate-authority-data': base64(cluster.authority),
          ...(cluster.proxyUrl === undefined ? {} : { 'proxy-url': cluster.proxyUrl }),
          ...(cluster.tlsServerName === undefined ? {} : { 'tls-server-name': cluster.tlsServerName }),
        },
      },
    ],
    users: [{ name, user }],
    contexts: [
      { name, context: { cluster: clusterName, user: name, ...(namespace === undefined ? {} : { namespace }) } },
    ],
    'current-context': name,
  }
}

export async function writeKubeconfig(file: string, content: Record<string, unknown>): Promise<void> {
  await fs.mkdir(path.dirname(file), { recursive: true })
  await fs.writeFile(file, stringify(content, { lineWidth: 0 }), { mode: 0o600 })
}

/** Client certificate and key, embedded. */
export async function certificateUser(layout: ClusterLayout, name: string): Promise<KubeconfigUser> {
  const [certificate, key] = await Promise.all(
    ['crt', 'key'].map((ending) => fs.readFile(inCluster(layout, 'pki', `${name}.${ending}`), 'utf8')),
  )
  return { 'client-certificate-data': base64(certificate ?? ''), 'client-key-data': base64(key ?? '') }
}
