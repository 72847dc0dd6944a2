import { describe, expect, it } from 'vitest'
import { sampleContext, samplePreview } from '../../testing/samples.ts'
import { addInput, commandChoices, commandLine, fileChoices, isTicked, noChoices } from './choices.ts'

const exec = { command: 'aws', args: ['eks', 'get-token', '--cluster-name', 'shop prod'] }

describe('what is added', () => {
  it('proposes what can be added and is not stored yet', () => {
    expect(isTicked(sampleContext({}), noChoices)).toBe(true)
    expect(isTicked(sampleContext({ duplicateOf: { id: 'x', name: 'shop' } }), noChoices)).toBe(false)
    expect(isTicked(sampleContext({ addable: false }), { ...noChoices, ticked: { shop: true } })).toBe(false)
  })

  it('never allows a command that was not ticked', () => {
    const preview = samplePreview([sampleContext({ command: exec })])
    const [choice] = commandChoices(preview.contexts, noChoices)
    expect(addInput(preview, noChoices).allowCommands).toEqual([])
    expect(addInput(preview, { ...noChoices, commands: { [choice!.key]: true } }).allowCommands).toEqual([exec])
  })

  it('names a command once, with the contexts that use it', () => {
    const contexts = [sampleContext({ context: 'a', command: exec }), sampleContext({ context: 'b', command: exec })]
    expect(commandChoices(contexts, noChoices)).toMatchObject([{ contexts: ['a', 'b'] }])
  })

  it('leaves out the commands and files of contexts that are not added', () => {
    const contexts = [
      sampleContext({ context: 'a', command: exec, files: [{ field: 'client-key', path: '/k', exists: true }] }),
    ]
    const choices = { ...noChoices, ticked: { a: false } }
    expect(commandChoices(contexts, choices)).toEqual([])
    expect(fileChoices(contexts, choices)).toEqual([])
  })

  it('embeds only files that are there', () => {
    const preview = samplePreview([
      sampleContext({
        files: [
          { field: 'client-certificate', path: '/there', exists: true },
          { field: 'client-key', path: '/missing', exists: false },
        ],
      }),
    ])
    expect(addInput(preview, noChoices).embedFiles).toEqual(['/there'])
  })

  it('leaves token files where they lie, because others renew them', () => {
    const preview = samplePreview([
      sampleContext({ files: [{ field: 'tokenFile', path: '/run/token', exists: true }] }),
    ])
    expect(addInput(preview, noChoices).embedFiles).toEqual([])
    expect(addInput(preview, { ...noChoices, files: { '/run/token': true } }).embedFiles).toEqual(['/run/token'])
  })

  it('sends a name only when it differs, and the environment of all where a context has none of its own', () => {
    const preview = samplePreview([sampleContext({ context: 'a' }), sampleContext({ context: 'b' })])
    const choices = {
      ...noChoices,
      names: { a: 'a', b: ' shop ' },
      environment: 'staging',
      environments: { b: 'production' },
    }
    expect(addInput(preview, choices).contexts).toEqual([
      { context: 'a', environment: 'staging' },
      { context: 'b', name: 'shop', environment: 'production' },
    ])
  })
})

describe('a command as one line', () => {
  it('quotes words that need it', () => {
    expect(commandLine(exec)).toBe("aws eks get-token --cluster-name 'shop prod'")
    expect(commandLine({ command: 'x', args: ["it's", '', '$(rm)'] })).toBe("x 'it'\\''s' '' '$(rm)'")
  })
})
