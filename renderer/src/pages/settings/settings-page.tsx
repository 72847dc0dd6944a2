import { useState } from 'react'
import type { AppError } from '../../../../contract/errors.ts'
import { Settings } from '../../../../contract/system.ts'
import { controlClass, Field, Tick } from '../../components/field.tsx'
import { Section, Sheet, Toolbar } from '../../components/page.tsx'
import { Problem } from '../../components/problem.tsx'
import { useAppState, useAppStatus, useClient, useSettings } from '../../state/use-app-state.ts'
import { AllowedCommands } from './allowed-commands.tsx'
import { KubectlChooser } from './kubectl-chooser.tsx'
import styles from './settings-page.module.css'
import { VaultSettings } from './vault-settings.tsx'

type Change = (fields: Partial<Settings>) => Promise<AppError | null>

/** Everything that can be set; each change is saved at once. */
export function SettingsPage() {
  const client = useClient()
  const settings = useSettings()
  const [error, setError] = useState<AppError | null>(null)
  if (settings === null) return <p className="visually-hidden">Loading settings</p>
  const change: Change = async (fields) => {
    const result = await client.settings.update(fields)
    setError(result.ok ? null : result.error)
    return result.ok ? null : result.error
  }
  return (
    <>
      <Toolbar title="Settings" />
      <Sheet>
        {error !== null && (
          <div className={styles.error}>
            <Problem error={error} />
          </div>
        )}
        <Section
          title="kubectl"
          note="The program that carries forwards. Best is a version at most one minor version from the cluster's."
        >
          <KubectlChooser settings={settings} change={change} />
        </Section>
        <Section title="Vault" note="Protects stored credentials.">
          <VaultSettings />
        </Section>
        <Section title="Allowed commands" note="Commands that may run to get credentials. No others run.">
          <AllowedCommands />
        </Section>
        <Section title="Forwards" note="For new forwards; each can have its own.">
          <div className={styles.pair}>
            <NumberField
              name="probeSeconds"
              label="Check every (seconds)"
              hint="Whether a forward works, while nobody uses it."
              settings={settings}
              change={change}
            />
            <NumberField
              name="parkSeconds"
              label="Clients wait (seconds)"
              hint="While no pod is ready."
              settings={settings}
              change={change}
            />
          </div>
        </Section>
        <Section title="Limits" note="One forward needs one kubectl for each port, and a spare while it is used.">
          <div className={styles.pair}>
            <NumberField name="maxChildren" label="kubectl processes at once" settings={settings} change={change} />
            <NumberField name="maxStartingChildren" label="Starting at once" settings={settings} change={change} />
          </div>
        </Section>
        <Section title="Window">
          <WindowSettings settings={settings} change={change} />
        </Section>
      </Sheet>
    </>
  )
}

function NumberField({
  name,
  label,
  hint,
  settings,
  change,
}: {
  name: 'probeSeconds' | 'parkSeconds' | 'maxChildren' | 'maxStartingChildren'
  label: string
  hint?: string
  settings: Settings
  change: Change
}) {
  const [text, setText] = useState<string | null>(null)
  const shown = text ?? String(settings[name])
  const value = /^\d+$/.test(shown.trim()) ? Number(shown) : Number.NaN
  const { minValue, maxValue } = Settings.shape[name]
  const valid = Settings.shape[name].safeParse(value).success
  const save = async () => {
    if (!valid || text === null) return
    if (value === settings[name] || (await change({ [name]: value })) === null) setText(null)
  }
  return (
    <Field
      label={label}
      hint={hint}
      error={valid ? null : `Write a number from ${minValue ?? ''} to ${maxValue ?? ''}.`}
    >
      {(ids) => (
        <input
          {...ids}
          className={controlClass}
          inputMode="numeric"
          value={shown}
          onChange={(event) => setText(event.target.value)}
          onBlur={() => void save()}
          onKeyDown={(event) => {
            if (event.key === 'Enter') void save()
            if (event.key === 'Escape' && text !== null) {
              event.preventDefault()
              setText(null)
            }
          }}
        />
      )}
    </Field>
  )
}

function WindowSettings({ settings, change }: { settings: Settings; change: Change }) {
  const { kind } = useAppState()
  const shell = useAppStatus()?.shell ?? (kind === 'desktop' ? 'desktop' : 'host')
  return (
    <>
      <div className={styles.pair}>
        <Field label="Theme">
          {(ids) => (
            <select
              {...ids}
              className={controlClass}
              value={settings.theme}
              onChange={(event) => void change({ theme: event.target.value as Settings['theme'] })}
            >
              <option value="system">As the system</option>
              <option value="light">Light</option>
              <option value="dark">Dark</option>
            </select>
          )}
        </Field>
        <Field label="Density">
          {(ids) => (
            <select
              {...ids}
              className={controlClass}
              value={settings.density}
              onChange={(event) => void change({ density: event.target.value as Settings['density'] })}
            >
              <option value="compact">Compact</option>
              <option value="comfortable">Comfortable</option>
            </select>
          )}
        </Field>
      </div>
      <Tick
        label="One-letter keys"
        hint="Such as s to start or stop the forward under the focus. Keys with Ctrl or Cmd always work."
        checked={settings.singleKeyShortcuts}
        onChange={(singleKeyShortcuts) => void change({ singleKeyShortcuts })}
      />
      <Tick
        label="Notifications"
        hint="When a forward drops and when it is back; grouped, never more than a few."
        checked={settings.notifications}
        onChange={(notifications) => void change({ notifications })}
      />
      <Tick
        label="Start at login"
        hint={
          shell === 'host'
            ? 'Takes effect in the desktop app.'
            : 'Mooring starts when you log in, and your forwards come back before you open the window.'
        }
        checked={settings.startAtLogin}
        onChange={(startAtLogin) => void change({ startAtLogin })}
      />
      <Field
        label="When the window is closed"
        hint={
          shell === 'host'
            ? 'This is a host: forwards go on whatever happens to the window. Takes effect in the desktop app.'
            : 'Where the system has no tray, Mooring never hides: it would leave no way back.'
        }
      >
        {(ids) => (
          <select
            {...ids}
            className={controlClass}
            value={settings.onWindowClose}
            onChange={(event) => void change({ onWindowClose: event.target.value as Settings['onWindowClose'] })}
          >
            <option value="ask">Ask each time</option>
            <option value="keep-running">Keep forwards running</option>
            <option value="quit">Quit</option>
          </select>
        )}
      </Field>
    </>
  )
}
