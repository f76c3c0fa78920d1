import type { BackgroundActivities } from './background-types.js';
import { heartbeatWhile } from './heartbeat.js';
import { type RecoveryParts, recoverWebhooks } from './recovery.js';

export interface BackgroundActivityParts extends RecoveryParts {}

/** The activities of background work, on a background lane. */
export function createBackgroundActivities(parts: BackgroundActivityParts): BackgroundActivities {
  return {
    recoverWebhooks: (input) => heartbeatWhile(recoverWebhooks(parts, input)),
  };
}
