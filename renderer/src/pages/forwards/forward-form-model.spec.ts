import { describe, expect, it } from 'vitest'
import { sampleForward } from '../../testing/samples.ts'
import { copyOf, inputOf, newValues, valuesOf } from './forward-form-model.ts'

const clusterId = '6f8b6a4e-90c1-4a52-8a43-0f3e6cf7a001'
const start = newValues({ clusterId, namespace: 'payments', target: 'svc/checkout' }, null)
const port = (fields: Partial<(typeof start.ports)[0]>) => ({ ...start.ports[0]!, ...fields })

describe('the form of a forward', () => {
  it('makes the input of an operation', () => {
    const result = inputOf({ ...start, ports: [port({ remote: 'http', local: '' })] })
    expect(result).toMatchObject({
      ok: true,
      input: {
        clusterId,
        namespace: 'payments',
        target: { kind: 'service', name: 'checkout' },
        ports: [{ remote: 'http', local: 0, bind: '127.0.0.1' }],
        parkSeconds: 30,
        group: null,
      },
    })
  })

  it('names every field that is missing at once', () => {
    const result = inputOf({ ...start, clusterId: '', namespace: '', target: '' })
    expect(result.ok ? [] : Object.keys(result.errors).sort()).toEqual([
      'clusterId',
      'namespace',
      'ports.first.remote',
      'target',
    ])
  })

  it.each([
    [{ remote: '70000' }, 'ports.first.remote'],
    [{ remote: '8080', local: '99999' }, 'ports.first.local'],
    [{ remote: '8080', local: 'x' }, 'ports.first.local'],
    [{ remote: '8080', bind: 'localhost' }, 'ports.first.bind'],
  ])('says which part of a port is wrong: %o', (fields, name) => {
    const result = inputOf({ ...start, ports: [port(fields)] })
    expect(result.ok ? [] : Object.keys(result.errors)).toEqual([name])
  })

  it('sees a local port that is used twice', () => {
    const ports = [port({ remote: '80', local: '8080' }), port({ key: 'second', remote: '81', local: '8080' })]
    expect(inputOf({ ...start, ports })).toEqual({
      ok: false,
      errors: { 'ports.second.local': 'This local port is used twice here.' },
    })
  })

  it('asks for the kind of a target that is only a name', () => {
    const result = inputOf({ ...start, target: 'checkout', ports: [port({ remote: '80' })] })
    expect(result).toMatchObject({ ok: false, errors: { target: /svc\/name/ } })
  })

  it('gives back a stored forward as it is, and a copy without its local ports', () => {
    const forward = sampleForward({ clusterId })
    const result = inputOf(valuesOf(forward))
    expect(result).toMatchObject({
      ok: true,
      input: { name: forward.name, target: forward.target, namespace: forward.namespace },
    })
    expect(copyOf(forward).ports.every(({ local }) => local === '')).toBe(true)
  })
})
