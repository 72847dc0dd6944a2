import type { ShellBridge } from '../../../contract/bridge.ts'

/** Reads a file as base64, in steps that fit an argument list. */
export async function base64OfFile(file: Blob): Promise<string> {
  const bytes = new Uint8Array(await file.arrayBuffer())
  let text = ''
  for (let at = 0; at < bytes.length; at += 0x8000) text += String.fromCharCode(...bytes.subarray(at, at + 0x8000))
  return btoa(text)
}

/** What a desktop window would do, done by a browser. */
export const browserShell: ShellBridge = {
  chooseFile: () =>
    new Promise((resolve, reject) => {
      const input = document.createElement('input')
      input.type = 'file'
      input.addEventListener('cancel', () => resolve(null))
      input.addEventListener('change', () => {
        const file = input.files?.[0]
        if (file === undefined) resolve(null)
        else base64OfFile(file).then((base64) => resolve({ name: file.name, base64 }), reject)
      })
      input.click()
    }),
  openExternal: (url) => {
    window.open(url, '_blank', 'noopener,noreferrer')
    return Promise.resolve(true)
  },
}
