import { useState } from 'react'
import { Dialog } from '../../components/dialog.tsx'
import { Button } from '../../components/button.tsx'
import { useClusters, useVault } from '../../state/use-app-state.ts'
import { counted } from '../clusters/words.ts'
import { SetUpVault } from './set-up-vault.tsx'
import styles from './vault-page.module.css'

/** The last way out, when nobody can open the vault any more: says what is lost, and asks for it in so many words. */
export function StartOver() {
  const vault = useVault()
  const [step, setStep] = useState<'closed' | 'asking' | 'sure'>('closed')
  const clusters = useClusters().items.size
  if (vault === null) return null
  const close = () => setStep('closed')
  return (
    <>
      <Button look="quiet" className={styles.skip} onClick={() => setStep('asking')}>
        {vault.state === 'locked' ? 'I do not know the passphrase any more' : 'Give up the old vault'}
      </Button>
      <Dialog
        open={step === 'asking'}
        onClose={close}
        title="Give up what the vault holds?"
        description={
          <>
            <p>
              {clusters === 0
                ? 'What it holds can never be read again, even if the key comes back.'
                : `The credentials of ${counted(clusters, 'cluster', 'clusters')} can never be read again, even if the key comes back.`}
            </p>
            <p>Clusters and forwards stay; give each cluster its credentials again on its Credentials tab.</p>
          </>
        }
        actions={
          <>
            <Button onClick={close}>Cancel</Button>
            <Button look="danger" onClick={() => setStep('sure')}>
              Give it up and make a new vault
            </Button>
          </>
        }
      />
      <Dialog open={step === 'sure'} onClose={close} title="New vault">
        <SetUpVault vault={vault} giveUpOld />
      </Dialog>
    </>
  )
}
