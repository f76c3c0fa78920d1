import { Context } from '@temporalio/activity';

const WITHOUT_TIMEOUT_MS = 30_000;

/**
 * Heartbeats while `work` goes on, so that a dead worker is noticed within the heartbeat time-out, and carries the
 * progress the work tells of over to the next try. The first comes after a third of the time-out: a heartbeat is a
 * billable action, and most calls have ended by then.
 */
export async function heartbeatWhile<T>(
  work: Promise<T> | ((tell: (progress: unknown) => void) => Promise<T>),
): Promise<T> {
  const context = Context.current();
  // An activity without one has 0 here, or nothing.
  const timeoutMs = context.info.heartbeatTimeoutMs || WITHOUT_TIMEOUT_MS;
  let progress: unknown = context.info.heartbeatDetails;
  const timer = setInterval(() => context.heartbeat(progress), timeoutMs / 3);
  try {
    if (typeof work !== 'function') return await work;
    return await work((told) => {
      progress = told;
    });
  } finally {
    clearInterval(timer);
  }
}
