import { Toast } from '@base-ui/react/toast'
import { X } from 'lucide-react'
import { useEffect } from 'react'
import { buttonClass, IconButton } from './button.tsx'
import { showToastsWith, type ToastRequest } from './toast-manager.ts'
import styles from './toasts.module.css'

/** Short messages in the corner; F6 reaches them. Errors that need an action stay in place instead. */
export function Toasts() {
  return (
    <Toast.Provider limit={4} timeout={6000}>
      <Toast.Portal>
        <Toast.Viewport className={styles.viewport} aria-label="Notifications">
          <ToastList />
        </Toast.Viewport>
      </Toast.Portal>
    </Toast.Provider>
  )
}

type Manager = ReturnType<typeof Toast.useToastManager>

function ToastList() {
  const { toasts, add, close } = Toast.useToastManager()
  useEffect(() => showToastsWith((request) => show({ add, close }, request)), [add, close])
  return toasts.map((toast) => (
    <Toast.Root key={toast.id} toast={toast} swipeDirection={[]} className={styles.toast}>
      <Toast.Content className={styles.content}>
        <div className={styles.words}>
          <Toast.Title className={styles.title} render={<p />} />
          <Toast.Description />
        </div>
        {toast.actionProps !== undefined && <Toast.Action className={buttonClass('plain')} />}
        <Toast.Close render={<IconButton label="Dismiss" />}>
          <X aria-hidden size={14} />
        </Toast.Close>
      </Toast.Content>
    </Toast.Root>
  ))
}

function show(
  { add, close }: Pick<Manager, 'add' | 'close'>,
  { title, description, action, timeoutMs, urgent }: ToastRequest,
): void {
  const id: string = add({
    title,
    ...(description === undefined ? {} : { description }),
    ...(timeoutMs === undefined ? {} : { timeout: timeoutMs }),
    ...(urgent === undefined ? {} : { priority: 'high' }),
    ...(action === undefined
      ? {}
      : {
          actionProps: {
            children: action.words,
            onClick: () => {
              action.run()
              close(id)
            },
          },
        }),
  })
}
