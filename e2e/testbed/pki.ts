import fs from 'node:fs/promises'
import path from 'node:path'
import { mustRun } from './run-command.ts'
import type { BuiltFolders } from './build.ts'

type CertificateRequest = {
  name: string
  /** Name of the certificate that signs; empty for an authority. */
  authority: string
  commonName: string
  organization?: readonly string[]
  addresses?: readonly string[]
  names?: readonly string[]
  fromSeconds: number
  untilSeconds: number
}

const DAY = 24 * 3600
/** Host name that only the proxies of the bed can resolve; the API server's certificate holds it. */
export const PROXIED_HOST = 'api.testbed.test'

function lasting(name: string, authority: string, commonName: string): CertificateRequest {
  return { name, authority, commonName, fromSeconds: -3600, untilSeconds: 30 * DAY }
}

async function issue(built: BuiltFolders, folder: string, requests: readonly CertificateRequest[]): Promise<void> {
  await fs.mkdir(folder, { recursive: true })
  await mustRun(path.join(built.certificates, 'certificates'), [folder], { input: JSON.stringify(requests) })
}

/**
 * Makes every key and certificate of a cluster in `folder`. The server's certificate leaves out the cluster's alias
 * address and the name `localhost`: reaching it there takes `tls-server-name`.
 */
export async function issueClusterCertificates(
  built: BuiltFolders,
  folder: string,
  cluster: { serverAddress: string; nodeName: string },
): Promise<void> {
  await issue(built, folder, [
    lasting('ca', '', 'testbed-ca'),
    lasting('frontca', '', 'testbed-front-proxy-ca'),
    lasting('otherca', '', 'some-other-ca'),
    {
      ...lasting('apiserver', 'ca', 'kube-apiserver'),
      addresses: ['127.0.0.1', cluster.serverAddress],
      names: ['kubernetes', 'kubernetes.default', 'kubernetes.default.svc', PROXIED_HOST, `*.${PROXIED_HOST}`],
    },
    { ...lasting('admin', 'ca', 'admin'), organization: ['system:masters'] },
    { ...lasting('kubeletcli', 'ca', 'kube-apiserver-kubelet-client'), organization: ['system:masters'] },
    { ...lasting('node', 'ca', `system:node:${cluster.nodeName}`), organization: ['system:nodes'] },
    { ...lasting('user', 'ca', 'certificate-user'), organization: ['testers'] },
    {
      ...lasting('expired', 'ca', 'expired-user'),
      organization: ['testers'],
      fromSeconds: -2 * DAY,
      untilSeconds: -DAY,
    },
    lasting('proxy', 'frontca', 'front-proxy'),
    lasting('sa', '', 'service-account-key'),
  ])
}

/** The issuer's server certificate, signed by an authority of its own (`issuerca`). */
export async function issueIssuerCertificates(built: BuiltFolders, folder: string, address: string): Promise<void> {
  await issue(built, folder, [
    lasting('issuerca', '', 'testbed-issuer-ca'),
    { ...lasting('issuer', 'issuerca', 'issuer'), addresses: ['127.0.0.1', address], names: ['localhost'] },
  ])
}
