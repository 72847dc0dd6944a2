import type { ChosenFile, ShellBridge } from '../../../contract/bridge.ts'
import { appError, fail, ok, type Result } from '../../../contract/errors.ts'

/** Reads a file that the user chose or dropped. Errors: file-not-readable. */
export async function readFile(file: File): Promise<Result<ChosenFile>> {
  try {
    return ok({ name: file.name, base64: base64Of(new Uint8Array(await file.arrayBuffer())) })
  } catch {
    return fail(
      appError('file-not-readable', `${file.name} cannot be read.`, 'Choose another file, or paste its text.', {
        cause: 'It is a folder, it has changed since it was chosen, or you may not read it.',
      }),
    )
  }
}

/** In steps that fit an argument list. */
function base64Of(bytes: Uint8Array): string {
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
        else readFile(file).then(resolve, reject)
      })
      input.click()
    }),
  openExternal: (url) => {
    window.open(url, '_blank', 'noopener,noreferrer')
    return Promise.resolve(true)
  },
}
