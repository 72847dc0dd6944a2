/**
 * Signals a process group of ours (POSIX). False when nobody is left in it. The group's number is the pid of a child
 * that was started as a group's leader; the number is not used again while anybody is in the group.
 */
export function signalGroup(group: number, signal: NodeJS.Signals): boolean {
  // kill(-1) means everybody and kill(-0) ourselves: never let a wrong number through.
  if (!Number.isInteger(group) || group <= 1) return false
  try {
    process.kill(-group, signal)
    return true
  } catch {
    return false
  }
}
