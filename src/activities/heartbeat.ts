import { Context } from '@temporalio/activity';

/**
 * Heartbeats while `work` goes on, so that a dead worker is noticed within the heartbeat time-out. The first comes
 * after a third of it: a heartbeat is a billable action, and most calls have ended by then.
 */
export async function heartbeatWhile<T>(work: Promise<T>): Promise<T> {
  const context = Context.current();
  const timeoutMs = context.info.heartbeatTimeoutMs ?? 30_000;
  const timer = setInterval(() => context.heartbeat(), timeoutMs / 3);
  try {
    return await work;
  } finally {
    clearInterval(timer);
  }
}
