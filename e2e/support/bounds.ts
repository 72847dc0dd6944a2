/** What is evident is told within a second, ms. */
export const promisedMs = 1000
/** The same on a busy machine. */
export const toldMs = 5 * promisedMs
/** How often each forward of the lanes is probed while nothing is heard of it, seconds. */
export const probeSeconds = 5
/** Without any hint: the probe's interval and 3 s, and 1.5 s for a busy machine. */
export const withoutHintMs = probeSeconds * 1000 + 3000 + 1500
