import type { Client } from '@temporalio/client';

/**
 * Calls that end when `signal` is aborted. The client leaves a listener on the signal it is given with each of its calls, and
 * never takes it away: a signal that lives as long as its process would gather them, and with them every call there was. So
 * each `work` has a signal of its own, which goes with it.
 */
export async function abortable<T>(client: Client, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  const own = new AbortController();
  const abort = () => own.abort(signal.reason);
  if (signal.aborted) abort();
  signal.addEventListener('abort', abort, { once: true });
  try {
    return await client.withAbortSignal(own.signal, work);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}
