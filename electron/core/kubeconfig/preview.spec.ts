import { describe, expect, it } from 'vitest'
import type { KubeconfigPreview } from '../../../contract/kubeconfigs.ts'
import { fixtureBytes, kubeconfigFixtures, type KubeconfigFixture } from './kubeconfig-fixtures.testing.ts'
import { authKindsOf } from './user-risks.ts'
import { previewModel, readSource } from './preview.ts'
import { nothingKnown } from './preview-environment.testing.ts'

const fixtures = kubeconfigFixtures()

/** The contract's words for kinds of credentials. */
const kindOf = (kind: string): string =>
  kind === 'auth-provider:oidc' ? 'oidc' : kind.startsWith('auth-provider:') ? 'auth-provider' : kind
const kindsOf = (kinds: readonly string[]): string[] => [...new Set(kinds.map(kindOf))].sort()
const codesOf = (risks: readonly { code: string }[]): string[] => [...new Set(risks.map((risk) => risk.code))].sort()
const allCodes = (preview: KubeconfigPreview): string[] =>
  codesOf([...preview.problems, ...preview.contexts.flatMap((context) => context.risks)])

function readFixture(fixture: KubeconfigFixture) {
  const model = readSource({ bytes: fixtureBytes(fixture.file) }, null)
  return { model, preview: previewModel(model, nothingKnown) }
}

if (fixtures === null)
  it('previews of published kubeconfigs agree with the collection', (context) =>
    context.skip('did not run: ../shared/fixtures/kubeconfigs'))

describe.skipIf(fixtures === null)('previews of published kubeconfigs', () => {
  describe.each(fixtures ?? [])('$file', (fixture) => {
    it('has the expected verdict and error code', () => {
      const { preview } = readFixture(fixture)
      expect([fixture.expect, ...(fixture.alsoAccept ?? [])]).toContain(preview.verdict)
      if (preview.verdict === 'error') expect(preview.error).toBe(fixture.error ?? preview.error)
      else expect(preview.error).toBeNull()
      expect(preview.verdict).toBe(fixture.expect)
    })

    it('names contexts, clusters, users and kinds of credentials', () => {
      const { model, preview } = readFixture(fixture)
      expect(preview.contexts.map((context) => context.context)).toEqual(fixture.contexts)
      expect(model.documents.flatMap((document) => document.clusters).map(({ name }) => name)).toEqual(fixture.clusters)
      const users = model.documents.flatMap((document) => document.users)
      expect(users.map(({ name }) => name)).toEqual(fixture.users)
      expect(kindsOf(users.flatMap(({ fields }) => authKindsOf(fields)))).toEqual(kindsOf(fixture.authKinds))
      expect(preview.contexts.filter((context) => context.current).map((context) => context.context)).toEqual(
        fixture.contexts.filter((name) => name !== '' && name === fixture.currentContext),
      )
    })

    it('warns of everything it must and raises no false alarm', () => {
      const { preview } = readFixture(fixture)
      const codes = allCodes(preview)
      expect(codes).toEqual(expect.arrayContaining(fixture.warnings))
      const known = new Set([
        ...fixture.warnings,
        ...(fixture.mayWarn ?? []),
        ...(fixture.details ?? []).flatMap((detail) => detail.problems),
        ...(preview.error === null ? [] : [preview.error]),
      ])
      expect(codes.filter((code) => !known.has(code))).toEqual([])
    })

    it('tells for each context where it leads and what is wrong with it', () => {
      const { preview } = readFixture(fixture)
      for (const detail of fixture.details ?? []) {
        const context = preview.contexts.find(({ context }) => context === detail.context)!
        const codes = codesOf(context.risks)
        expect(context).toMatchObject({
          server: detail.server ?? '',
          namespace: detail.namespace ?? 'default',
          addable: detail.addable,
        })
        expect(kindsOf(context.authKinds)).toEqual(kindsOf(detail.authKind))
        expect(codes).toEqual(expect.arrayContaining(detail.problems))
        const known = new Set([...detail.problems, ...(fixture.mayWarn ?? [])])
        expect(codes.filter((code) => !known.has(code))).toEqual([])
      }
    })
  })
})
