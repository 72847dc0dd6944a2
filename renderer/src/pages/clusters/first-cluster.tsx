import { Link } from '@tanstack/react-router'
import { buttonClass } from '../../components/button.tsx'
import { EmptyState } from '../../components/empty-state.tsx'
import { useDefaultKubeconfig } from '../../state/default-kubeconfig.ts'
import { counted } from './words.ts'

/** The first thing a new user sees. */
export function FirstCluster() {
  const { files, contexts } = useDefaultKubeconfig()
  const name = files.length === 1 ? (files[0]?.path.split('/').slice(-2).join('/') ?? '') : `${files.length} files`
  return (
    <>
      <h1 className="visually-hidden">Clusters</h1>
      <EmptyState
        title="No clusters yet"
        actions={
          <>
            <Link to="/clusters/add" className={buttonClass('primary')}>
              Paste a kubeconfig
            </Link>
            {contexts > 0 && (
              <Link to="/clusters/add" search={{ from: 'default' }} className={buttonClass('plain')}>
                Use {name} ({counted(contexts, 'context', 'contexts')})
              </Link>
            )}
          </>
        }
      >
        <p>Paste a kubeconfig; nothing runs until you allow it.</p>
      </EmptyState>
    </>
  )
}
