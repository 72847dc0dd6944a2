import { fail, ok, type Result } from '../../../contract/errors.ts'
import type { ClusterConnection } from '../../../contract/sidecar.ts'
import { plainConnection } from '../../../network/plain-connection.ts'
import type { CredentialFailure } from './credential-failure.ts'
import { environmentProxy } from './environment-proxy.ts'
import { pemOf } from './file-fields.ts'
import type { KubeconfigEntry } from '../kubeconfig/entry.ts'

/** `way` has nobody's credentials; `authority` says why the kubeconfig's CA cannot be read, and `way` is without one then. */
export type ClusterWay = { readonly way: ClusterConnection; readonly authority: Result<null, CredentialFailure> }

/** The way to a cluster without anybody's credentials: as its kubeconfig and the user's environment describe it. */
export async function wayOf(
  { cluster }: KubeconfigEntry,
  environment: Readonly<Record<string, string>>,
): Promise<ClusterWay> {
  const authority = await pemOf('certificate-authority', cluster.certificateAuthorityData, cluster.certificateAuthority)
  return {
    way: plainConnection(cluster.server, {
      tlsServerName: cluster.tlsServerName,
      certificateAuthority: authority.ok ? authority.value : null,
      insecureSkipTlsVerify: cluster.insecureSkipTlsVerify,
      proxyUrl: cluster.proxyUrl ?? environmentProxy(cluster.server, environment),
      disableCompression: cluster.disableCompression,
    }),
    authority: authority.ok ? ok(null) : fail(authority.error),
  }
}
