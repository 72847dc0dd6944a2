import { describe, expect, it } from 'vitest'
import { childEnvironment } from './child-environment.ts'

const login = {
  PATH: '/usr/bin',
  HOME: '/home/a',
  HTTPS_PROXY: 'http://proxy:3128',
  no_proxy: 'localhost',
  AWS_PROFILE: 'work',
  KUBECONFIG: '/home/a/.kube/config',
  SOME_TOKEN: 'secret',
  MOORING_PASSPHRASE: 'canary',
  NODE_OPTIONS: '--inspect',
  KUBERC: '/home/a/.kube/kuberc',
}

describe('the environment of a child', () => {
  it('has for kubectl only what it needs, in a fixed language, without the user’s kuberc', () => {
    expect(childEnvironment('kubectl', login, { OWN: '1' })).toEqual({
      PATH: '/usr/bin',
      HOME: '/home/a',
      HTTPS_PROXY: 'http://proxy:3128',
      no_proxy: 'localhost',
      LC_ALL: 'C',
      KUBERC: 'off',
      OWN: '1',
    })
  })

  it('has for a credential command what the user’s terminal has, but nothing of ours', () => {
    const environment = childEnvironment('credential-command', login, {})
    expect(environment).toMatchObject({ AWS_PROFILE: 'work', SOME_TOKEN: 'secret' })
    expect(environment).not.toHaveProperty('MOORING_PASSPHRASE')
    expect(environment).not.toHaveProperty('NODE_OPTIONS')
  })
})
