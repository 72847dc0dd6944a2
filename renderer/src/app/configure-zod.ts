import { z } from 'zod'

// Before any schema is made: without it zod probes for `new Function`, which the content security policy reports.
z.config({ jitless: true })
