import type { Store } from '../store/index.js';
import type { StripeLists } from '../stripe/lists.js';
import type { DeliverParts } from '../webhooks/delivery.js';
import type { BackgroundActivities } from './background-types.js';
import { type ExchangeParts, orPaced } from './exchange.js';
import { heartbeatWhile } from './heartbeat.js';
import { booksFor, jobOf } from './kept-page.js';
import { fillLedger } from './payment-record.js';
import { comparePage, listUnseen, readUnseen } from './reconcile.js';
import { recoverWebhooks } from './recovery.js';
import { askReport, chooseReading, compareReport, lookAtReport } from './report.js';
import { syncObjects } from './sync.js';

export interface BackgroundActivityParts extends ExchangeParts {
  readonly lists: StripeLists;
  readonly deliver: DeliverParts;
  readonly store: Store;
}

/** The activities of background work, on a background lane. */
export function createBackgroundActivities(given: BackgroundActivityParts): BackgroundActivities {
  const parts = { ...given, deployment: given.deliver?.deployment, client: given.deliver?.client };
  return {
    recoverWebhooks: (input) => heartbeatWhile(orPaced(parts, recoverWebhooks(parts, input))),
    syncObjects: (input) => heartbeatWhile(orPaced(parts, syncObjects(parts, input))),
    fillLedger: (input) => heartbeatWhile(orPaced(parts, fillLedger(parts, input))),
    comparePage: (input) => heartbeatWhile(orPaced(parts, comparePage(parts, input))),
    chooseReading: (input) => heartbeatWhile(orPaced(parts, chooseReading(parts, input))),
    askReport: (input) => heartbeatWhile(orPaced(parts, askReport(parts, input))),
    lookAtReport: (input) => heartbeatWhile(orPaced(parts, lookAtReport(parts, input))),
    compareReport: (input) => heartbeatWhile(orPaced(parts, compareReport(parts, input))),
    listUnseen: (input) => heartbeatWhile(orPaced(parts, listUnseen(parts, input))),
    compareUnseen: (input) => heartbeatWhile(orPaced(parts, readUnseen(parts, input))),

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
