import { describe, expect, it } from 'vitest'
import type { Settings } from '../../../contract/system.ts'
import { memoryStore } from '../store/store.testing.ts'
import { defaultSettings } from '../../../contract/system.ts'
import { SettingsService } from './settings-service.ts'

describe('settings', () => {
  it('are the defaults until somebody changes them, and then what was chosen', () => {
    const store = memoryStore()
    const settings = new SettingsService({ store })
    expect(settings.get()).toEqual(defaultSettings)
    const seen: Settings[] = []
    settings.onChange((now) => seen.push(now))
    expect(settings.update({ maxChildren: 7, theme: 'dark' })).toMatchObject({ ok: true, value: { maxChildren: 7 } })
    expect(seen).toEqual([{ ...defaultSettings, maxChildren: 7, theme: 'dark' }])
    expect(new SettingsService({ store }).get()).toEqual({ ...defaultSettings, maxChildren: 7, theme: 'dark' })
  })

  it('store only what was chosen, so that better defaults reach everybody else', () => {
    const store = memoryStore()
    new SettingsService({ store }).update({ theme: 'dark', kubectlPath: null })
    expect(store.database.prepare('SELECT name FROM setting ORDER BY name').pluck().all()).toEqual([
      'kubectlPath',
      'theme',
    ])
  })

  it('give way to the default where a stored value is not understood', () => {
    const store = memoryStore()
    new SettingsService({ store }).update({ probeSeconds: 9 })
    store.database
      .prepare("INSERT INTO setting VALUES ('theme', '\"sepia\"'), ('maxChildren', '-1'), ('gone', '1')")
      .run()
    expect(new SettingsService({ store }).get()).toEqual({ ...defaultSettings, probeSeconds: 9 })
  })

  it('tell the system about starting at login once, and only when it changes', () => {
    const told: boolean[] = []
    const settings = new SettingsService({ store: memoryStore(), applyStartAtLogin: (wanted) => told.push(wanted) })
    settings.update({ theme: 'dark' })
    settings.update({ startAtLogin: true })
    settings.update({ startAtLogin: true })
    settings.update({ startAtLogin: false })
    expect(told).toEqual([true, false])
  })

  it('stay as they were when the system refuses, and say why', () => {
    const store = memoryStore()
    const settings = new SettingsService({
      store,
      applyStartAtLogin: () => {
        throw new Error('the folder is read-only')
      },
    })
    expect(settings.update({ startAtLogin: true, theme: 'dark' })).toMatchObject({
      ok: false,
      error: { code: 'storage-failed', cause: 'the folder is read-only' },
    })
    expect(settings.get()).toEqual(defaultSettings)
    expect(new SettingsService({ store }).get()).toEqual(defaultSettings)
  })

  it('take back what the system was told when it cannot be stored', () => {
    const store = memoryStore()
    const told: boolean[] = []
    const settings = new SettingsService({ store, applyStartAtLogin: (wanted) => told.push(wanted) })
    store.database.pragma('query_only = ON')
    expect(settings.update({ startAtLogin: true })).toMatchObject({ error: { code: 'storage-failed' } })
    expect(told).toEqual([true, false])
    expect(settings.get().startAtLogin).toBe(false)
  })

  it('take the full path of a kubectl and no other', () => {
    const settings = new SettingsService({ store: memoryStore() })
    expect(settings.update({ kubectlPath: 'kubectl' })).toMatchObject({ error: { code: 'kubectl-unusable' } })
    expect(settings.update({ kubectlPath: '/opt/kubectl' }).ok).toBe(true)
    expect(settings.update({ kubectlPath: null }).ok).toBe(true)
  })
})
