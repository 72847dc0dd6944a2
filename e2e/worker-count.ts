/**
 * How many spec files run at a time. They wait for pods, probes and windows most of the time, so that two share the
 * machine's cores without being in each other's way. On a bed that runs already they take turns: some break it for a while.
 */
export const workerCount = (process.env['MOORING_TESTBED_JSON'] ?? '') === '' ? 2 : 1
