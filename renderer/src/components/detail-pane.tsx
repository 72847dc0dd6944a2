import { X } from 'lucide-react'
import { type KeyboardEvent, type PointerEvent, type ReactNode, useRef } from 'react'
import { createStore, useStore } from 'zustand'
import { IconButton } from './button.tsx'
import styles from './detail-pane.module.css'

const narrowest = 360
const widest = () => Math.max(narrowest, Math.round(window.innerWidth / 2))
const remembered = 'mooring.detail-width'

const storedWidth = Number(localStorage.getItem(remembered) ?? '0')
const width = createStore(() => ({ px: storedWidth >= narrowest ? storedWidth : 440 }))
const setWidth = (px: number): void => {
  const next = Math.min(widest(), Math.max(narrowest, px))
  localStorage.setItem(remembered, String(next))
  width.setState({ px: next })
}

/** The detail at the right of a list. Its width is dragged, or moved with the arrow keys; it covers a narrow window. */
export function DetailPane({
  label,
  title,
  onClose,
  children,
}: {
  label: string
  title: ReactNode
  onClose: () => void
  children: ReactNode
}) {
  const { px } = useStore(width)
  const drag = useRef<{ x: number; px: number } | null>(null)
  const onKeyDown = (event: KeyboardEvent) => {
    const step = { ArrowLeft: 24, ArrowRight: -24, Home: 10_000, End: -10_000 }[event.key]
    if (step === undefined) return
    event.preventDefault()
    setWidth(px + step)
  }
  return (
    <aside
      className={styles.pane}
      aria-label={label}
      data-region="detail"
      style={{ '--pane-width': `${px}px` } as Record<string, string>}
    >
      <div
        role="separator"
        aria-orientation="vertical"
        aria-label="Width of the detail"
        aria-valuenow={px}
        aria-valuemin={narrowest}
        aria-valuemax={widest()}
        tabIndex={0}
        className={styles.handle}
        onKeyDown={onKeyDown}
        onDoubleClick={() => setWidth(440)}
        onPointerDown={(event: PointerEvent<HTMLDivElement>) => {
          event.currentTarget.setPointerCapture(event.pointerId)
          drag.current = { x: event.clientX, px }
        }}
        onPointerMove={(event) => {
          if (drag.current !== null) setWidth(drag.current.px + drag.current.x - event.clientX)
        }}
        onPointerUp={() => (drag.current = null)}
        onPointerCancel={() => (drag.current = null)}
      />
      <header className={styles.top}>
        <div className={styles.title}>{title}</div>
        <IconButton label="Close" title="Close (Esc)" onClick={onClose}>
          <X aria-hidden size={16} />
        </IconButton>
      </header>
      {children}
    </aside>
  )
}
