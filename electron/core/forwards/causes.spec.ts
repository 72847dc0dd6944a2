import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { CauseCode } from '../../../contract/causes.ts'
import { ApiFailure } from '../../../contract/sidecar.ts'
import {
  causeOf,
  causeOfApiFailure,
  causeOfKubectlLine,
  failureOfCluster,
  failureOfCredentials,
  failureOfTunnel,
  isVagueFailure,
  policyOf,
} from './causes.ts'
import { failureOf } from './evidence.ts'

const context = {
  target: 'service web',
  namespace: 'shop',
  cluster: 'dev',
  pod: 'web-1',
  port: 'port 8080',
  local: '127.0.0.1:8080',
}

const details: Partial<Record<CauseCode, readonly (string | null)[]>> = {
  'cluster-unreachable': [
    'dns',
    'refused',
    'timeout',
    'tls',
    'proxy',
    'no-route',
    'reset',
    'api-refused',
    'cert-expired',
    'unheard-of',
  ],
  'no-ready-pod': [
    'no-pods',
    'service-without-selector',
    'unwatched',
    'CrashLoopBackOff',
    'not ready',
    'ErrImageNeverPull',
    'Unschedulable',
    'CreateContainerConfigError',
  ],
  connecting: ['wake'],
  'tunnel-stalled': ['kubectl-stopped'],
  'vault-locked': ['vault-not-set-up'],
  'local-port-forbidden': ['address-not-local'],
}
const cases = CauseCode.options.flatMap((code) =>
  [null, ...(details[code] ?? [])].flatMap((detail) =>
    [null, '', 'what its source said.'].map((facts) => [code, detail, facts] as const),
  ),
)

describe('a look that did not reach the cluster', () => {
  const looked = (code: CauseCode, detail: string | null) =>
    failureOfCluster({ status: 'disconnected', cause: { code, detail, message: 'it failed', next: 'look' } })

  it('is a reason where the way or the whole server is meant', () => {
    for (const [code, detail] of [
      ['cluster-unreachable', 'timeout'],
      ['api-unavailable', 'gateway'],
      ['api-unavailable', 'timeout'],
    ] as const)
      expect(looked(code, detail)).toEqual({ code, detail, facts: null })
  })

  it.each(['not-found', 'throttled', 'bad-request'])('is none where the server answered: %s', (detail) => {
    expect(looked('api-unavailable', detail)).toBeNull()
  })

  it('is none where credentials are meant, or where it was reached', () => {
    expect(looked('credentials-rejected', null)).toBeNull()
    expect(failureOfCluster({ status: 'connected', cause: null })).toBeNull()
  })
})

describe('the words of a cause', () => {
  it.each(cases)('%s (%s, %s) are sentences: what is wrong, and what to do', (code, detail, facts) => {
    const { message, next } = causeOf(failureOf(code, detail, facts), context, 1)
    for (const text of [message, next]) {
      expect(text).toMatch(/^[A-Z"a-z][^]*\.$/)
      expect(text).not.toMatch(/undefined|null|\.\.|\s\.|\(\)/)
    }
  })

  it('name what is concerned', () => {
    const message = (code: CauseCode, detail: string | null = null): string =>
      causeOf(failureOf(code, detail), context, 1).message
    expect(message('target-missing')).toContain('service web in namespace shop')
    expect(message('namespace-missing')).toContain('shop in dev')
    expect(message('cluster-unreachable', 'dns')).toContain('dev')
    expect(message('container-not-listening')).toContain('port 8080 in pod web-1')
    expect(message('local-port-taken')).toContain('127.0.0.1:8080')
  })

  it.each([
    ['ImagePullBackOff', /image cannot be pulled/],
    ['ErrImageNeverPull', /image cannot be pulled/],
    ['Init:ErrImagePull', /image cannot be pulled/],
    ['Unschedulable', /waits for a node/],
    ['SchedulingGated', /waits for a node/],
    ['CreateContainerConfigError', /cannot start/],
  ])('of a pod that never ran (%s) send nobody to its logs', (reason, what) => {
    const { message, next } = causeOf(failureOf('no-ready-pod', reason, `web-1: ${reason}`), context, 1)
    expect(message).toMatch(what)
    expect(message).toContain(`The pod web-1`)
    expect(next).toContain('events of the pod')
    expect(next).not.toContain('logs')
  })

  it('of a pod that ran and is not ready name its logs too', () => {
    const { next } = causeOf(failureOf('no-ready-pod', 'not ready', 'web-1: not ready'), context, 1)
    expect(next).toContain('logs')
  })

  it('are those of the source where it knows better', () => {
    const failure = failureOfCredentials({
      code: 'credentials-command-failed',
      detail: 'exit 1',
      message: 'aws said no.',
      next: 'Run aws sso login.',
    })
    expect(causeOf(failure, context, 7)).toEqual({
      code: 'credentials-command-failed',
      detail: 'exit 1',
      message: 'aws said no.',
      next: 'Run aws sso login.',
      since: 7,
    })
  })
})

it('a kubectl that cannot be used is named in the words of who looked for it, and blamed on nothing else', () => {
  const message = 'The kubectl /x/kubectl cannot be used. It did not answer within 5 s.'
  const failure = failureOfTunnel({ code: 'kubectl-failed', detail: 'kubectl-unusable', message, next: 'Repair it.' })
  expect(causeOf(failure, context, 7)).toEqual({
    code: 'kubectl-failed',
    detail: 'kubectl-unusable',
    message,
    next: 'Repair it.',
    since: 7,
  })
  expect(isVagueFailure(failure)).toBe(false)
})

describe('who can mend it', () => {
  it('is a person for these, and time for all others', () => {
    const by = (policy: string): string[] => CauseCode.options.filter((code) => policyOf(code) === policy)
    expect(by('credentials')).toEqual([
      'credentials-expired',
      'credentials-rejected',
      'credentials-command-missing',
      'credentials-command-failed',
      'credentials-command-not-allowed',
      'vault-locked',
    ])
    expect(by('person')).toEqual([
      'forbidden',
      'namespace-missing',
      'target-missing',
      'port-not-in-target',
      'local-port-taken',
      'local-port-forbidden',
      'kubectl-missing',
    ])
  })
})

it('a line of kubectl is a cause with a class', () => {
  expect(causeOfKubectlLine('error: lost connection to pod')).toEqual({
    code: 'tunnel-lost',
    detail: 'lost-connection',
  })
  expect(causeOfKubectlLine('Forwarding from 127.0.0.1:45563 -> 8080')).toBeNull()
})

describe('a refusal by the authoriser', () => {
  it("in kubectl's line names who may not do what and where", () => {
    const failure = failureOfTunnel({
      code: 'forbidden',
      detail: 'forbidden',
      message:
        'error upgrading connection: pods "p1" is forbidden: User "reader" cannot create resource "pods/portforward" in API group "" in the namespace "team"',
    })
    expect(causeOf(failure, context, 1)).toMatchObject({
      detail: 'create pods/portforward',
      message: 'The server knows you as "reader", who may not create pods/portforward in namespace team.',
    })
  })

  it('asks for the permission that was missed, and for those to port-forward', () => {
    const forwarding = 'port-forward (get and create on pods/portforward) in namespace'
    const next = (detail: string) => causeOf({ code: 'forbidden', detail, facts: 'No.' }, context, 1).next
    expect(next('create pods/portforward')).toContain(`for permission to ${forwarding}`)
    expect(next('get services')).toContain(`for permission to get services, and to ${forwarding}`)
  })

  it('is told from a 403 that no role would mend', () => {
    const quota: ApiFailure = {
      class: 'forbidden',
      detail: null,
      status: 403,
      message: 'exceeded quota',
      rbac: null,
      retryAfterSeconds: null,
    }
    expect(causeOfApiFailure(quota).code).toBe('api-unavailable')
  })
})

const fixtures = join(import.meta.dirname, '../../../../shared/fixtures/api-errors/index.json')
type Fixture = {
  file: string
  status: number
  class: ApiFailure['class']
  message?: string | null
  rbac?: Record<string, string>
  retryAfterSeconds?: number
}

describe('what the API server answers', () => {
  if (!existsSync(fixtures)) {
    it('agree with the collection', (context) => context.skip('did not run: ../shared/fixtures/api-errors'))
    return
  }
  const answers = JSON.parse(readFileSync(fixtures, 'utf8')) as Fixture[]

  it.each(answers.map((answer) => [answer.file, answer] as const))('%s becomes a cause', (_file, answer) => {
    const rbac = answer.rbac
    const failure = causeOfApiFailure(
      ApiFailure.parse({
        class: answer.class,
        detail: null,
        status: answer.status,
        message: answer.message ?? '',
        rbac:
          rbac === undefined
            ? null
            : {
                user: rbac.user ?? '',
                verb: rbac.verb ?? '',
                resource: rbac.resource ?? null,
                group: rbac.group ?? null,
                namespace: rbac.namespace ?? null,
                name: rbac.name ?? null,
                path: rbac.path ?? null,
              },
        retryAfterSeconds: answer.retryAfterSeconds ?? null,
      }),
    )
    const expected: Partial<Record<ApiFailure['class'], CauseCode>> = {
      unauthorized: 'credentials-rejected',
      forbidden: rbac === undefined ? 'api-unavailable' : 'forbidden',
      'not-found': 'target-missing',
    }
    expect(failure.code).toBe(expected[answer.class] ?? 'api-unavailable')
    const { message } = causeOf(failure, context, 1)
    expect(message).toMatch(/\.$/)
    if (rbac?.user !== undefined) {
      expect(message).toContain(rbac.user)
      expect(message).toContain(rbac.verb)
    }
  })
})
