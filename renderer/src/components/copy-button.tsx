import { Check, Copy } from 'lucide-react'
import { useEffect, useState } from 'react'
import { Button, IconButton } from './button.tsx'
import { copyText } from './copy-text.ts'

/** Puts a text on the clipboard and says so for a moment. */
export function CopyButton({ text, label, iconOnly = false }: { text: string; label: string; iconOnly?: boolean }) {
  const [copied, setCopied] = useState(false)
  useEffect(() => {
    if (!copied) return
    const timer = setTimeout(() => setCopied(false), 1500)
    return () => clearTimeout(timer)
  }, [copied])
  const copy = () => setCopied(copyText(text))
  const icon = copied ? <Check aria-hidden size={14} /> : <Copy aria-hidden size={14} />
  return iconOnly ? (
    <IconButton label={copied ? 'Copied' : label} onClick={copy}>
      {icon}
    </IconButton>
  ) : (
    <Button onClick={copy}>
      {icon}
      {copied ? 'Copied' : label}
    </Button>
  )
}
