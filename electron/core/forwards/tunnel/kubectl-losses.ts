import type { KubectlStream } from './kubectl-streams.ts'

/** A runtime tells the end of a connection this long after the program in the pod ended it, at most; ms. */
const lateEndMs = 1_200
/** An answer that has taken this long may be one that goes on. */
const longAnswerMs = 200
/** Whose bytes came within this time was in the middle of them. */
const flowingMs = 200

/**
 * Whether a client lost its connection because its kubectl ended, and not because the pod did. `why` is the detail of
 * kubectl's reason (kubectl-lines.ts), null when it gave none. An end of the pod's is told late by the runtime; when
 * kubectl goes away just then, only the reason for that shows whose end it was:
 *
 * - the pod's network is gone: everything in it has ended, nobody lost more than the pod took;
 * - nothing listens any more: its program has ended or is ending, which only cuts off who waits for bytes;
 * - the pod reset another client's connection: its program may well live, so who was open and silent for longer than
 *   the runtime takes to tell an end lost it too;
 * - anything else (killed, API server, node, network): everybody.
 */
export function isCutOff(stream: KubectlStream, why: string | null, now: number): boolean {
  switch (why) {
    case 'pod-gone':
      return false
    case 'refused-in-pod':
      return awaitsBytes(stream, now)
    case 'reset-in-pod':
      return awaitsBytes(stream, now) || now - stream.lastByteAt > lateEndMs
    default:
      return true
  }
}

/** The client spoke last, or a long answer was coming in. */
function awaitsBytes({ socket, lastByteAt, answerBeganAt, answeredBytes }: KubectlStream, now: number): boolean {
  const flows = lastByteAt - answerBeganAt > longAnswerMs && now - lastByteAt < flowingMs
  return socket.bytesWritten > answeredBytes || flows
}
