import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import type { ReactNode } from 'react'
import type { AppStatus, Diagnostics } from '../../../../contract/system.ts'
import { bytes } from '../../components/byte-words.ts'
import { Button } from '../../components/button.tsx'
import { copyText } from '../../components/copy-text.ts'
import { Facts, Section, Sheet, Spacer, Toolbar } from '../../components/page.tsx'
import { Problem } from '../../components/problem.tsx'
import { StateMark } from '../../components/state-mark.tsx'
import { TimeSince } from '../../components/time-since.tsx'
import { tell } from '../../components/toast-manager.ts'
import { errorOf, valueOf } from '../../state/ask.ts'
import { useAppStatus, useClient, useConnection } from '../../state/use-app-state.ts'
import { useCall } from '../../state/use-call.ts'
import { counted } from '../clusters/words.ts'
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
  const { busy, error, call } = useCall()
  const copy = async () => {
    const result = await call(client.diagnostics.report())
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
  const { lostSince } = useConnection()
  const { system, owner, environment, database } = found
  const worst = found.checks.filter(({ status }) => status !== 'ok')
  return (
    <>
      <Section
        title="Checks"
        note={
          lostSince !== null ? (
            <>
              As of <TimeSince at={lostSince} suffix />.
            </>
          ) : worst.length === 0 ? (
            'All is well.'
          ) : (
            `${worst.length} of ${found.checks.length} ${worst.length === 1 ? 'needs' : 'need'} a look.`
          )
        }
      >
        <ul className={styles.checks}>
          {[...worst, ...found.checks.filter(({ status }) => status === 'ok')].map((check) => (
            <li key={check.id} className={styles.check}>
              <StateMark name={lostSince === null ? check.status : 'unknown'} size={14} />
              <div>
                <p>
                  <span className="visually-hidden">{check.status}: </span>
                  {check.message}
                </p>
                {check.next !== null && <p className={styles.next}>{check.next}</p>}
                {check.id === 'kubectl' && <Link to="/settings">Choose another</Link>}
              </div>
            </li>
          ))}
        </ul>
      </Section>
      <Section title="Cluster watcher" note="A process that watches clusters (the sidecar). Forwards go on without it.">
        <Sidecar app={app} />
      </Section>
      <Section title="Environment" note="What kubectl and credential commands get from your login shell.">
        <Facts
          facts={[
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
            [
              'Database',
              `${bytes(database.bytes)}, schema ${database.schemaVersion}, ${counted(database.snapshots, 'snapshot', 'snapshots')}`,
            ],
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

function Sidecar({ app }: { app: AppStatus }) {
  const client = useClient()
  const { busy, error, call } = useCall()
  const { sidecar } = app
  return (
    <>
      <Facts
        facts={[
          ['Process', sidecar.pid === null ? 'none' : String(sidecar.pid)],
          [
            sidecar.pid === null ? 'Ended' : 'Running for',
            <TimeSince key="since" at={sidecar.since} suffix={sidecar.pid === null} />,
          ],
          ['Restarts', String(sidecar.restarts)],
        ]}
      />
      {sidecar.lastLines.length > 0 && sidecar.state !== 'ready' && (
        <pre className={styles.lines} tabIndex={0} aria-label="Last lines of the cluster watcher">
          {sidecar.lastLines.join('\n')}
        </pre>
      )}
      <div>
        <Button busy={busy} onClick={() => void call(client.sidecar.restart())}>
          Restart the cluster watcher
        </Button>
      </div>
      {error !== null && <Problem error={error} />}
    </>
  )
}
