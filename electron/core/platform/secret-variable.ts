import { closeSync, openSync, readFileSync, writeSync } from 'node:fs'
import { statFields } from './linux-proc.ts'

/** Number of the field `env_start` in /proc/PID/stat: where the environment lies in memory (proc(5)). */
const envStartField = 50

/**
 * A secret that came in a variable, taken out of the environment: no child gets it, and on Linux /proc/PID/environ shows
 * it no longer. `cleared` is false where the system goes on showing what the program was started with.
 */
export function takeSecretVariable(name: string): { value: string | null; cleared: boolean } {
  const value = process.env[name]
  if (value === undefined) return { value: null, cleared: true }
  // Takes away the pointer; the text stays where the kernel put it at the start.
  Reflect.deleteProperty(process.env, name)
  try {
    overwrite(name)
    return { value, cleared: environment().every((variable) => !isOf(variable, name)) }
  } catch {
    return { value, cleared: false } // another system, or a kernel that does not let us write
  }
}

const environment = (): string[] => readFileSync('/proc/self/environ', 'latin1').split('\0')
const isOf = (variable: string, name: string): boolean => variable.startsWith(`${name}=`)

function overwrite(name: string): void {
  // They count from 3.
  const start = Number(statFields(readFileSync('/proc/self/stat', 'latin1'))[envStartField - 3])
  const memory = openSync('/proc/self/mem', 'r+')
  try {
    let offset = 0
    for (const variable of environment()) {
      // latin1: one character a byte.
      if (isOf(variable, name)) writeSync(memory, Buffer.alloc(variable.length), 0, variable.length, start + offset)
      offset += variable.length + 1
    }
  } finally {
    closeSync(memory)
  }
}
