import { fail, ok, type Result } from '../../../contract/errors.ts'
import type { ClusterConnection } from '../../../contract/sidecar.ts'
import { plainConnection } from '../../../network/plain-connection.ts'
import type { CredentialFailure } from '../credentials/credential-failure.ts'
import { environmentProxy } from '../credentials/environment-proxy.ts'
import { pemOf } from '../credentials/file-fields.ts'
import type { KubeconfigEntry } from '../kubeconfig/entry.ts'

/** The way to a server as its kubeconfig says, with nobody's credentials; `authority` fails where it cannot be read. */
export type ClusterWay = { readonly way: ClusterConnection; readonly authority: Result<null, CredentialFailure> }

/**
 * The way to a cluster without anybody's credentials, as a kubeconfig entry describes it; `authority` says what was
 * wrong with its CA.
 */
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
