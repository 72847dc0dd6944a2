import type { OperationInput, OperationName } from './operations.ts'
import { defaultSettings } from './system.ts'

/** A passphrase that no answer may repeat. */
export const vaultPassphrase = 'p4ssphrase-that-no-answer-repeats'
const id = '7f2b1c1e-9d3a-4c55-8a56-0b9a5a7f0001'
const one = { id }
const command = { command: 'get-credentials', args: ['--region', 'eu'] }
const env = [{ name: 'SECRET', value: 'c4n4ry-environment-3' }]
/** Where the file lies whose bytes are given. */
const path = '/nowhere/config'
const labels = { team: 'shop' }
const target = { kind: 'service', name: 'web' } as const
const ports = [{ remote: 'http', local: 0, bind: '127.0.0.1' }]
const forward = {
  clusterId: id,
  namespace: 'shop',
  target,
  ports,
  desired: 'off',
  name: 'web',
  probe: { mode: 'connect', seconds: 5 },
  podPolicy: 'any-ready',
  parkSeconds: 30,
  labels,
  group: 'shop',
  notes: 'a note',
} as const
const adding = { contexts: [{ context: 'token', name: 'shop', environment: 'production', labels }], embedFiles: [] }
const rotating = { id, context: 'token', embedFiles: ['/nowhere/ca.pem'], evenIfUnreachable: true }

type ValidInputs = { readonly [Name in OperationName]: readonly [OperationInput<Name>, ...OperationInput<Name>[]] }

/**
 * Inputs that are right, with every field an operation has, around a kubeconfig as text and in base64: a walk changes
 * one field of them and knows that this field is what was refused. Several where fields exclude one another.
 */
export const validInputsAround = ({ text, base64 }: { text: string; base64: string }): ValidInputs => ({
  'kubeconfigs.preview': [{ text }, { base64, path }, { default: true }],
  'kubeconfigs.default': [{}],
  'clusters.list': [{}],
  'clusters.add': [
    { ...adding, text, allowCommands: ['get-credentials --region eu'] },
    { ...adding, base64, path, allowCommands: [command] },
    { ...adding, default: true },
  ],
  'clusters.active': [{}],
  'clusters.setActive': [one],
  'clusters.get': [one],
  'clusters.update': [
    {
      id,
      name: 'shop',
      environment: 'production',
      labels,
      colour: 'blue',
      notes: 'a note',
      namespace: 'shop',
      position: 1,
    },
  ],
  'clusters.remove': [{ id, removeForwards: 'true' }],
  'clusters.dependents': [one],
  'clusters.rotate': [
    { ...rotating, text, allowCommands: ['get-credentials --region eu'] },
    { ...rotating, base64, path, allowCommands: [command] },
    { ...rotating, default: true },
  ],
  'clusters.updateFromSource': [one],
  'clusters.command': [one],
  'clusters.allowCommand': [{ id, ...command }],
  'clusters.health': [one],
  'clusters.test': [one],
  'clusters.namespaces': [one],
  'clusters.pods': [{ id, namespace: 'shop', phase: 'Running' }],
  'clusters.services': [{ id, namespace: 'shop' }],
  'clusters.workloads': [{ id, namespace: 'shop' }],
  'forwards.list': [{}],
  'forwards.create': [forward],
  'forwards.check': [{ clusterId: id, namespace: 'shop', target, ports, forwardId: id }],
  'forwards.get': [one],
  'forwards.update': [{ id, ...forward }],
  'forwards.remove': [one],
  'forwards.start': [one],
  'forwards.stop': [one],
  'forwards.restart': [one],
  'forwards.history': [{ id, limit: 10 }],
  'forwards.output': [{ id, limit: 10 }],
  'forwards.connections': [one],
  'vault.status': [{}],
  'vault.setup': [{ provider: 'passphrase', passphrase: vaultPassphrase, giveUpOld: true }],
  'vault.unlock': [{ passphrase: vaultPassphrase }],
  'vault.lock': [{}],
  'vault.rotate': [{ provider: 'passphrase', passphrase: vaultPassphrase }],
  'commands.list': [{}],
  'commands.allow': [{ ...command, env }],
  'commands.remove': [one],
  'settings.get': [{}],
  'settings.update': [{ ...defaultSettings }],
  'kubectl.status': [{ refresh: 'true' }],
  'diagnostics.get': [{}],
  'diagnostics.report': [{}],
  'app.status': [{}],
  'app.hint': [{ kind: 'look', forwardId: id }],
  'sidecar.restart': [{}],
  'audit.list': [{ limit: 10 }],
})
