import { createHash } from 'node:crypto'

/** A certificate that ends in 2089; it signs nothing and its key is nowhere. */
export const sampleCertificate = `-----BEGIN CERTIFICATE-----
MIIBnTCCAUOgAwIBAgIUQxRwlBmy8+ya4r0eZ2/9lzkOavMwCgYIKoZIzj0EAwIw
IzEQMA4GA1UECgwHc2FtcGxlczEPMA0GA1UEAwwGc2FtcGxlMCAXDTI2MTEyMTA3
NDgwNloYDzIwODkxMTEwMDc0ODA2WjAjMRAwDgYDVQQKDAdzYW1wbGVzMQ8wDQYD
VQQDDAZzYW1wbGUwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAARRrKZxNCgm4GNA
JNG5yv5l2nMb2TfIkcnT7fn2ON3HyW9SHW6r1DJUnC/BhJZ8rVowzZDrOZOwLghw
Z4cxHTiyo1MwUTAdBgNVHQ4EFgQUsD4p9im5uCcXT6wgQfBRgK6KUNEwHwYDVR0j
BBgwFoAUsD4p9im5uCcXT6wgQfBRgK6KUNEwDwYDVR0TAQH/BAUwAwEB/zAKBggq
hkjOPQQDAgNIADBFAiEAyfLEE8LyESekx3fxcel/qZZPdAbegSKjeH118FNNQ4QC
IEUD16R5XcAf3BC3hjzTh+pt8XxpNcgxmGKX5ZUP3pzZ
-----END CERTIFICATE-----
`

const secret = (what: string, index: number): string => createHash('sha256').update(`${what} ${index}`).digest('hex')

/** The variables that the sample's commands get. */
export const sampleVariables = (index: number): { name: string; value: string }[] => [
  { name: 'SECRET', value: `environment-${secret('environment', index)}` },
]

/**
 * A kubeconfig of so many contexts, each with its own cluster and user: a token, a password and a credential command
 * in turn. Names are `context-0`, `cluster-0`, `user-0` and so on.
 */
export function sampleKubeconfig({
  contexts,
  server = 'https://10.0.0.1:6443',
}: {
  contexts: number
  server?: string
}): string {
  const numbers = Array.from({ length: contexts }, (_, index) => index)
  const user = (index: number): string =>
    [
      `    token: token-${secret('token', index)}`,
      `    username: admin\n    password: password-${secret('password', index)}`,
      `    exec:
      apiVersion: client.authentication.k8s.io/v1
      command: get-credentials
      args: [--cluster, c${index}]
      env:
      - name: SECRET
        value: environment-${secret('environment', index)}
      interactiveMode: Never`,
    ][index % 3] ?? ''
  return `apiVersion: v1
kind: Config
current-context: context-0
clusters:
${numbers.map((index) => `- name: cluster-${index}\n  cluster:\n    server: ${server}\n`).join('')}contexts:
${numbers.map((index) => `- name: context-${index}\n  context:\n    cluster: cluster-${index}\n    user: user-${index}\n    namespace: team-${index}\n`).join('')}users:
${numbers.map((index) => `- name: user-${index}\n  user:\n${user(index)}\n`).join('')}`
}

/**
 * A kubeconfig as large as people really have: every second user with a certificate of its own, the others with a
 * credential command; every cluster with its own certificate authority.
 */
export function largeKubeconfig(contexts: number): string {
  const numbers = Array.from({ length: contexts }, (_, index) => index)
  const base64 = (text: string): string => Buffer.from(text).toString('base64')
  // The line before the certificate makes each one different, as they are in real files.
  const certificate = (index: number): string => base64(`# ${index}\n${sampleCertificate}`)
  const key = base64(`-----BEGIN PRIVATE KEY-----\n${'k'.repeat(1600)}\n-----END PRIVATE KEY-----\n`)
  const user = (index: number): string =>
    index % 2 === 0
      ? `    client-certificate-data: ${certificate(contexts + index)}\n    client-key-data: ${key}\n`
      : `    exec:
      apiVersion: client.authentication.k8s.io/v1beta1
      command: aws
      args:
      - --region
      - eu-west-1
      - eks
      - get-token
      - --cluster-name
      - cluster-${index}
      env:
      - name: AWS_PROFILE
        value: team-${index}
`
  return `apiVersion: v1
kind: Config
preferences: {}
current-context: context-0
clusters:
${numbers.map((index) => `- name: cluster-${index}\n  cluster:\n    certificate-authority-data: ${certificate(index)}\n    server: https://10.0.${index >> 8}.${index & 255}:6443\n`).join('')}contexts:
${numbers.map((index) => `- name: context-${index}\n  context:\n    cluster: cluster-${index}\n    user: user-${index}\n    namespace: team-${index}\n`).join('')}users:
${numbers.map((index) => `- name: user-${index}\n  user:\n${user(index)}`).join('')}`
}
