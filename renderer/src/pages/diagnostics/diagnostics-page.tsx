import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { type ReactNode, useState } from 'react'
import type { AppError } from '../../../../contract/errors.ts'
import type { AppStatus, Diagnostics } from '../../../../contract/system.ts'
import { bytes } from '../../components/byte-words.ts'
import { Button, buttonClass } from '../../components/button.tsx'
import { copyText } from '../../components/copy-text.ts'
import { Facts, Section, Sheet, Spacer, Toolbar } from '../../components/page.tsx'
import { Problem } from '../../components/problem.tsx'
import { type MarkName, StateMark, StateWord } from '../../components/state-mark.tsx'
import { TimeSince } from '../../components/time-since.tsx'
import { tell } from '../../components/toast-manager.ts'
import { errorOf, valueOf } from '../../state/ask.ts'
import { useAppStatus, useClient } from '../../state/use-app-state.ts'
import styles from './diagnostics-page.module.css'
import { LogLines } from './log-lines.tsx'

/** What the app found around itself, looked at again every few seconds while the page is open. */
export function DiagnosticsPage() {
  const client = useClient()
  const query = useQuery({
    queryKey: ['diagnostics'],
    queryFn: ({ signal }) => valueOf(client.diagnostics.get({}, signal)),
    refetchInterval: 5000,
    staleTime: 0,
  })
  return (
    <>
      <Toolbar title="Diagnostics">
        <Spacer />
        <Button busy={query.isFetching && query.data !== undefined} onClick={() => void query.refetch()}>
          Look again
        </Button>
        <CopyReport />
      </Toolbar>
      <Sheet>
        {query.error !== null && (
          <div className={styles.error}>
            <Problem error={errorOf(query.error)} />
          </div>
        )}
        {query.data === undefined ? (
          query.isPending && <p className={styles.looking}>Looking …</p>
        ) : (
          <Found found={query.data} />
        )}
      </Sheet>
    </>
  )
}

function CopyReport() {
  const client = useClient()
  const [error, setError] = useState<AppError | null>(null)
  const [busy, setBusy] = useState(false)
  const copy = async () => {
    setBusy(true)
    const result = await client.diagnostics.report()
    setBusy(false)
    setError(result.ok ? null : result.error)
    if (result.ok && copyText(result.value.text)) tell('The report is copied. It holds no secrets.')
  }
  return (
    <>
      <Button look="primary" busy={busy} onClick={() => void copy()}>
        Copy report
      </Button>
      {error !== null && <Problem error={error} />}
    </>
  )
}

function Found({ found }: { found: Diagnostics }) {
  // The status stream is fresher than the answer.
  const app = useAppStatus() ?? found.app
  const { system, owner, environment, kubectl, vault, database } = found
  const worst = found.checks.filter(({ status }) => status !== 'ok')
  return (
    <>
      <Section
        title="Checks"
        note={worst.length === 0 ? 'All is well.' : `${worst.length} of ${found.checks.length} need a look.`}
      >
        <ul className={styles.checks}>
          {[...worst, ...found.checks.filter(({ status }) => status === 'ok')].map((check) => (
            <li key={check.id} className={styles.check}>
              <StateMark name={check.status} size={14} />
              <div>
                <p>
                  <span className="visually-hidden">{check.status}: </span>
                  {check.message}
                </p>
                {check.next !== null && <p className={styles.next}>{check.next}</p>}
              </div>
            </li>
          ))}
        </ul>
      </Section>
      <Section title="Sidecar" note="Watches clusters. Forwards go on without it.">
        <Sidecar app={app} />
      </Section>
      <Section title="kubectl">
        <Facts
          facts={[
            ['Used', kubectl.chosen === null ? none('none found') : path(kubectl.chosen.path)],
            kubectl.chosen === null ? null : ['Version', kubectl.chosen.version ?? 'not known'],
            ['Running', `${app.children.running} of at most ${app.children.limit}`],
            ['Starting', `${app.children.starting}, ${app.children.queued} waiting their turn`],
            kubectl.skew.length === 0 ? null : ['Version differs', kubectl.skew.map(({ name }) => name).join(', ')],
          ]}
        />
        <div>
          <Link to="/settings" className={buttonClass()}>
            Choose kubectl
          </Link>
        </div>
      </Section>
      <Section title="Keychain and vault">
        <Facts
          facts={[
            ['Keychain', vault.keychain.available ? 'available' : none(vault.keychain.reason ?? 'not available')],
            ['Vault', `${vault.state}${vault.provider === null ? '' : `, opened by ${vault.provider}`}`],
          ]}
        />
      </Section>
      <Section title="Environment" note="What kubectl and credential commands get from your login shell.">
        <Facts
          facts={[
            ['Shell', environment.shell === null ? 'not known' : path(environment.shell)],
            ['Reading it', environment.status],
            ['PATH', path(environment.path.split(/[:;]/).join('\n'))],
            [
              'Proxies',
              environment.proxies.length === 0
                ? 'none'
                : path(environment.proxies.map(({ name, value }) => `${name}=${value}`).join('\n')),
            ],
            ['Variables', environment.names.length === 0 ? 'none' : path(environment.names.join(' '))],
          ]}
        />
      </Section>
      <Section title="This app">
        <Facts
          facts={[
            ['Version', `${app.version}, ${app.shell}`],
            ['Running for', <TimeSince key="since" at={app.startedAt} />],
            ['Process', `${owner.pid}, ${bytes(owner.memoryBytes)}, ${owner.cpuPercent.toFixed(1)} % of a core`],
            [
              'System',
              `${system.platform} ${system.release} ${system.arch}, ${system.cpus} cores, ${bytes(system.memoryBytes)}`,
            ],
            ['Runtime', `Node ${system.node}${system.electron === null ? '' : `, Electron ${system.electron}`}`],
            ['Data folder', path(app.dataDir)],
            ['Database', `${bytes(database.bytes)}, schema ${database.schemaVersion}, ${database.snapshots} snapshots`],
          ]}
        />
      </Section>
      <Section title="Log" note="The newest lines. Secrets are taken out before a line is written.">
        <LogLines lines={found.logs} />
      </Section>
    </>
  )
}

const path = (text: string): ReactNode => <code className={styles.path}>{text}</code>
const none = (words: string): ReactNode => (
  <span className={styles.none}>
    <StateMark name="fail" /> {words}
  </span>
)

const sidecarMarks: Record<AppStatus['sidecar']['state'], MarkName> = {
  ready: 'ok',
  starting: 'checking',
  restarting: 'recovering',
  failed: 'fail',
  stopped: 'off',
}

function Sidecar({ app }: { app: AppStatus }) {
  const client = useClient()
  const [error, setError] = useState<AppError | null>(null)
  const [busy, setBusy] = useState(false)
  const { sidecar } = app
  const restart = async () => {
    setBusy(true)
    const result = await client.sidecar.restart()
    setBusy(false)
    setError(result.ok ? null : result.error)
  }
  return (
    <>
      <Facts
        facts={[
          ['State', <StateWord key="state" name={sidecarMarks[sidecar.state]} word={sidecar.state} />],
          ['Since', <TimeSince key="since" at={sidecar.since} />],
          ['Process', sidecar.pid === null ? 'none' : String(sidecar.pid)],
          ['Restarts', String(sidecar.restarts)],
        ]}
      />
      {sidecar.lastLines.length > 0 && sidecar.state !== 'ready' && (
        <pre className={styles.lines} tabIndex={0} aria-label="Last lines of the sidecar">
          {sidecar.lastLines.join('\n')}
        </pre>
      )}
      <div>
        <Button busy={busy} onClick={() => void restart()}>
          Restart the sidecar
        </Button>
      </div>
      {error !== null && <Problem error={error} />}
    </>
  )
}
