import { randomUUID } from 'node:crypto';
import type { Client } from '@temporalio/client';
import { inTime, now, setTimer } from './clock.js';
import type { Account } from './config/index.js';
import type { Budget } from './control/budget.js';
import { safeRates } from './control/lane-rates.js';
import { ENDPOINTS } from './domain/endpoints.js';
import { Governor } from './stripe/governor/governor.js';
import { NoBudgetError, type Permit, type Turn } from './stripe/governor/permit.js';
import type { Logger } from './telemetry/logger.js';
import type { Metrics } from './telemetry/metrics.js';
import { BudgetIssuer } from './temporal/budget-issuer.js';
import { LaneKeeper, laneRate, setLaneRate } from './temporal/lane-keeper.js';
import { LeaseKeeper } from './temporal/lease-keeper.js';

/** The budgets of this worker's accounts. */
export interface WorkerBudgets {
  /** Waits until an account's budget lets a request go. @throws NoBudgetError when it does not in time. */
  admit(account: string, turn: Turn): Promise<Permit>;
  /** Asks for each account's share once: whoever then reports ready has it, unless nobody answers. */
  begin(): Promise<void>;
  /** Keeps the leases until {@link stop}. */
  run(): Promise<void>;
  /** What waits goes back to Temporal, and so does what still comes; what is under way ends as it ends. */
  drain(): void;
  /** Gives the leases back; nothing is sent afterwards. */
  stop(): Promise<void>;
}

/** A limit takes some 100 ms to be set; for a server that does not answer nobody stays longer, ms. */
const SET_WITHIN_MS = 2_000;

/** Whoever was turned away sooner did not wait, ms: timers, by which waits end, are no finer. */
const LEAST_WAIT_MS = 1;

/** A governor for each account, and what keeps its lease. */
export function openBudgets(
  client: Client,
  accounts: readonly Account[],
  logger: Logger,
  metrics: Metrics,
): WorkerBudgets {
  const worker = randomUUID();
  const governors = new Map<string, Governor>();
  const keepers = accounts.map(({ name, budget }) => {
    const governor: Governor = new Governor(budget, { now, setTimer }, () => lease.askSoon());
    governors.set(name, governor);
    const lanes = new LaneKeeper({
      account: name,
      logger,
      now,
      setTimer,
      checkMs: budget.laneCheckMs,
      read: (lane) => laneRate(client, name, lane),
      write: (lane, rate) => setLaneRate(client, name, lane, rate, "the account's budget"),
      onDue: () => lease.askSoon(),
    });
    const lease: LeaseKeeper = new LeaseKeeper({
      issuer: new BudgetIssuer(client, name),
      governor,
      budget,
      worker,
      now,
      setTimer,
      logger: logger.child({ account: name }),
      setLanes: (rates) => void (budget.laneCheckMs > 0 && lanes.keep(rates)),
      onRenewed: () => show(metrics, name, budget, governor),
    });
    return { lease, lanes };
  });
  return {
    admit: async (account, turn) => {
      const governor = governors.get(account);
      if (governor === undefined) throw new Error(`no budget of account ${account}`);
      const priority = String(turn.priority);
      const askedMs = now();
      try {
        const permit = await governor.admit(turn);
        metrics.governorWaited(account, priority, permit.waitedMs / 1_000);
        return permit;
      } catch (error) {
        if (error instanceof NoBudgetError) {
          metrics.governorTurnedAway(account, priority);
          const waitedMs = now() - askedMs;
          // The longest waits end like this. Counted as waits of no time, those sent away at once would make an overload look quick.
          if (waitedMs >= LEAST_WAIT_MS) metrics.governorWaited(account, priority, waitedMs / 1_000);
        }
        throw error;
      }
    },
    begin: async () => {
      await Promise.all(keepers.map(({ lease }) => lease.begin()));
    },
    run: async () => {
      await Promise.all(keepers.map(({ lease }) => lease.run()));
    },
    drain: () => {
      for (const governor of governors.values()) governor.close();
      for (const { lease } of keepers) lease.drain();
    },
    stop: async () => {
      const left = Promise.all(keepers.map(({ lease }) => lease.stop()));
      const set = Promise.all(keepers.map(({ lanes }) => lanes.stop()));
      await inTime(set, SET_WITHIN_MS, () => logger.warn('the limit of a lane was not set in time, and is cut off'));
      await left;
    },
  };
}

/** What the budget comes to here and now, as a whole and at each endpoint that there is. */
function show(metrics: Metrics, account: string, budget: Budget, governor: Governor): void {
  for (const endpoint of ['all', ...ENDPOINTS] as const) {
    const configured = endpoint === 'all' ? budget.perSecond : (budget.endpoints[endpoint] ?? budget.perEndpoint);
    metrics.budgetIs(account, endpoint, { configured, ...governor.standing(endpoint) });
  }
  metrics.concurrencyIs(account, { configured: budget.concurrent, ...governor.standing('concurrent') });
  const { readsToGo } = governor;
  if (Number.isFinite(readsToGo)) metrics.readsLeft(account, Math.max(0, readsToGo));
}

/** What a lane may start a second before anybody has set its limit; the server takes the last poller's word. */
export function safeRate({ budget }: Account, lane: 'checkout' | 'background'): number {
  return safeRates(budget)[lane];
}
