import type { Store } from '../store/index.js';
import type { StripeLists } from '../stripe/lists.js';
import type { DeliverParts } from '../webhooks/delivery.js';
import type { BackgroundActivities } from './background-types.js';
import type { ExchangeParts } from './exchange.js';
import { heartbeatWhile } from './heartbeat.js';
import { booksFor, jobOf } from './kept-page.js';
import { fillLedger } from './own-record.js';
import { comparePage, listUnseen, readUnseen } from './reconcile.js';
import { recoverWebhooks } from './recovery.js';
import { askReport, chooseReading, compareReport, lookAtReport } from './report.js';
import { syncObjects } from './sync.js';

export interface BackgroundActivityParts extends ExchangeParts {
  readonly lists: StripeLists;
  readonly deliver: DeliverParts;
  readonly store: Store;
  readonly keptForMs: number;
}

/** The activities of background work, on a background lane. */
export function createBackgroundActivities(given: BackgroundActivityParts): BackgroundActivities {
  const parts = { ...given, deployment: given.deliver?.deployment, client: given.deliver?.client };
  return {
    recoverWebhooks: (input) => heartbeatWhile(recoverWebhooks(parts, input)),
    syncObjects: (input) => heartbeatWhile(syncObjects(parts, input)),
    fillLedger: (input) => heartbeatWhile(fillLedger(parts, input)),
    comparePage: (input) => heartbeatWhile(comparePage(parts, input)),
    chooseReading: (input) => heartbeatWhile(chooseReading(parts, input)),
    askReport: (input) => heartbeatWhile(askReport(parts, input)),
    lookAtReport: (input) => heartbeatWhile(lookAtReport(parts, input)),
    compareReport: (input) => heartbeatWhile(compareReport(parts, input)),
    listUnseen: (input) => heartbeatWhile(listUnseen(parts, input)),
    compareUnseen: (input) => heartbeatWhile(readUnseen(parts, input)),

    async recordEnd({ account, type, result }) {
      const job = jobOf();
      const { jobs } = booksFor(parts);
      const { complete, ...progress } = result;
      const state = complete ? 'completed' : 'incomplete';
      await jobs.record({ id: job, type, account, state, progress, updatedAtMs: parts.now() });
      await jobs.forgetPages(job);
    },
  };
}
