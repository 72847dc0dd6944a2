// Loaded before the product's bundle: `electron` is the double from here on, for import and for require.
import { registerHooks } from 'node:module'

const url = new URL('./electron-double.mjs', import.meta.url).href
registerHooks({
  resolve: (specifier, context, next) =>
    specifier === 'electron' ? { url, format: 'module', shortCircuit: true } : next(specifier, context),
})
