import type { KubeconfigPreview } from '../../../contract/kubeconfigs.ts'
import { sampleContext, samplePreview } from './samples.ts'

/** A kubeconfig with one context of each kind: a command, a stored one, plain http with files, one that cannot be added. */
export function riskyPreview(storedId: string): KubeconfigPreview {
  return samplePreview([
    sampleContext({
      context: 'shop-prod',
      current: true,
      server: 'https://8E1F.gr7.eu-central-1.eks.amazonaws.com',
      user: 'arn:aws:eks:eu-central-1:111122223333:cluster/shop-prod',
      authKinds: ['exec'],
      command: {
        command: 'aws',
        args: ['eks', 'get-token', '--cluster-name', 'shop-prod'],
        env: [{ name: 'AWS_PROFILE', value: '•••' }],
      },
      risks: [
        {
          code: 'exec',
          severity: 'warning',
          message: 'To get credentials this would run: aws eks get-token --cluster-name shop-prod',
          next: 'Allow it only if you know this program. Nothing runs before you allow it.',
          line: 24,
        },
      ],
    }),
    sampleContext({
      context: 'shop-staging',
      authKinds: ['client-cert-data'],
      duplicateOf: { id: storedId, name: 'shop-staging' },
    }),
    sampleContext({
      context: 'old-lab',
      server: 'http://10.0.0.12:8080',
      user: 'admin',
      authKinds: ['client-cert-file'],
      files: [
        { field: 'client-certificate', path: '/home/sam/lab/admin.crt', exists: true },
        { field: 'client-key', path: '/home/sam/lab/admin.key', exists: false },
      ],
      risks: [
        {
          code: 'plain-http',
          severity: 'danger',
          message: 'The server is plain http: nothing is encrypted, and no credentials are sent over it.',
          next: 'Ask the cluster administrator for its https address.',
          line: 9,
          column: 13,
        },
        {
          code: 'missing-file',
          severity: 'danger',
          message: 'The file /home/sam/lab/admin.key does not exist on this machine.',
          next: 'Put the file there, or use a kubeconfig with the data inside (kubectl config view --raw --flatten).',
          line: 31,
        },
      ],
    }),
    sampleContext({
      context: 'gke_legacy',
      addable: false,
      authKinds: ['auth-provider'],
      risks: [
        {
          code: 'removed-auth-provider',
          severity: 'error',
          message: 'The auth provider "gcp" was removed in kubectl 1.26.',
          next: "Get a new kubeconfig with the cloud provider's own command.",
          line: 40,
        },
      ],
    }),
  ])
}
