import { useState } from 'react'

/** A small choice that survives a reload, kept by the browser (not by the owner: it is about this window only). */
export function useRemembered<Value extends string>(
  key: string,
  allowed: readonly Value[],
  initial: Value,
): [Value, (value: Value) => void] {
  const name = `mooring.${key}`
  const [value, setValue] = useState<Value>(() => {
    const stored = localStorage.getItem(name)
    return allowed.find((each) => each === stored) ?? initial
  })
  return [
    value,
    (next) => {
      localStorage.setItem(name, next)
      setValue(next)
    },
  ]
}
