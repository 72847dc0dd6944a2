// Stands for the sidecar in the old runtime, which cannot run the real one: answers, writes lines, ends, or hangs.
process.on('SIGTERM', () => undefined)
process.stderr.write('stub is here\n')
process.parentPort.on('message', ({ data }) => {
  if (data.kind === 'end') {
    // The old runtime drops what is still in the pipe when the process is gone.
    process.stderr.write('last words\n', () => setTimeout(() => process.exit(7), 2000))
    return
  }
  process.parentPort.postMessage({ kind: 'echo', data, environment: Object.keys(process.env) })
})
process.parentPort.postMessage({ kind: 'ready', pid: process.pid })
