import { Search, X } from 'lucide-react'
import { useEffect, useRef } from 'react'
import { IconButton } from './button.tsx'
import styles from './filter-input.module.css'

/** Filters a list by words; `/` leads here, Esc empties it and then leads back to the list. */
export function FilterInput({
  value,
  onChange,
  label,
  onLeave,
}: {
  value: string
  onChange: (value: string) => void
  label: string
  onLeave: () => void
}) {
  const input = useRef<HTMLInputElement>(null)
  useEffect(() => {
    const onKeyDown = (event: KeyboardEvent): void => {
      const typing = event.target instanceof HTMLElement && event.target.closest('input, textarea, select') !== null
      if (event.key !== '/' || event.ctrlKey || event.metaKey || typing || event.defaultPrevented) return
      event.preventDefault()
      input.current?.select()
    }
    window.addEventListener('keydown', onKeyDown)
    return () => window.removeEventListener('keydown', onKeyDown)
  }, [])
  return (
    <div className={styles.filter}>
      <Search aria-hidden size={14} />
      <input
        ref={input}
        type="text"
        role="searchbox"
        aria-label={label}
        placeholder={label}
        value={value}
        onChange={(event) => onChange(event.target.value)}
        onKeyDown={(event) => {
          if (event.key === 'ArrowDown' || event.key === 'Enter' || (event.key === 'Escape' && value === '')) {
            event.preventDefault()
            onLeave()
          } else if (event.key === 'Escape') {
            event.preventDefault()
            onChange('')
          }
        }}
      />
      {value !== '' && (
        <IconButton label="Clear filter" onClick={() => onChange('')}>
          <X aria-hidden size={14} />
        </IconButton>
      )}
    </div>
  )
}
