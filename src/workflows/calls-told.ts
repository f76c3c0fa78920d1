import { ActivityFailure, ApplicationFailure, TimeoutFailure } from '@temporalio/workflow';

/**
 * How many requests to Stripe the tries of an activity took, where the last one that failed told it; undefined of anything
 * else.
 */
export function callsTold(error: unknown): number | undefined {
  const told = lastFailure(error)?.details?.[0];
  return typeof told === 'number' ? told : undefined;
}

/** The failure that an activity's last try told of. Where its time was up while it waited for another, that is the cause. */
export function lastFailure(error: unknown): ApplicationFailure | undefined {
  const ended = error instanceof ActivityFailure ? error.cause : undefined;
  const cause = ended instanceof TimeoutFailure ? ended.cause : ended;
  return cause instanceof ApplicationFailure ? cause : undefined;
}
