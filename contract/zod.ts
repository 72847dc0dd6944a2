import { z } from 'zod'

// In a page zod's compiler would try `new Function`, which the content security policy forbids and reports. It must be
// told before the first schema is made, so every schema of the contract is made with this `z`.
if ('document' in globalThis) z.config({ jitless: true })

export { z }
