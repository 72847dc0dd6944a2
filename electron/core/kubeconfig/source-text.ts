import { maxKubeconfigBytes } from '../../../contract/kubeconfigs.ts'

/** A kubeconfig as it comes in: pasted text, or the bytes of a file. */
export type KubeconfigInput = { readonly text: string } | { readonly bytes: Uint8Array }

/**
 * The text of a kubeconfig without its byte order mark; null when it is over the size limit.
 * Files may be UTF-8 or UTF-16 of either byte order: a redirect in Windows PowerShell writes UTF-16.
 */
export function readSourceText(input: KubeconfigInput): string | null {
  const text = 'text' in input ? input.text : decode(input.bytes)
  if (text === null || (text.length > maxKubeconfigBytes / 3 && Buffer.byteLength(text) > maxKubeconfigBytes))
    return null
  return text.startsWith('\uFEFF') ? text.slice(1) : text
}

function decode(bytes: Uint8Array): string | null {
  if (bytes.length > maxKubeconfigBytes * 2) return null
  return new TextDecoder(encodingOf(bytes)).decode(bytes)
}

/** By byte order mark; without one, UTF-16 shows in zero bytes beside ASCII letters. */
function encodingOf(bytes: Uint8Array): 'utf-8' | 'utf-16le' | 'utf-16be' {
  const [first, second] = bytes
  if (first === 0xff && second === 0xfe) return 'utf-16le'
  if (first === 0xfe && second === 0xff) return 'utf-16be'
  if (first !== undefined && first !== 0 && second === 0) return 'utf-16le'
  if (first === 0 && second !== undefined && second !== 0) return 'utf-16be'
  return 'utf-8'
}
