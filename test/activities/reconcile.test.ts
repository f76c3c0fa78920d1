import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Client } from '@temporalio/client';
import { ApplicationFailure, defaultDataConverter, defaultPayloadConverter } from '@temporalio/common';
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import type { PageDone } from '../../src/activities/background-types.js';
import { type ReconcileParts, readUnseen } from '../../src/activities/reconcile.js';
import { syncObjects } from '../../src/activities/sync.js';
import { loadConfig } from '../../src/config/index.js';
import { disputeId } from '../../src/domain/ids.js';
import type { Booked } from '../../src/domain/reconciling.js';
import { type Database, DatabaseError } from '../../src/store/database.js';
import type { StripeGateway } from '../../src/stripe/gateway.js';
import type { StripeLists } from '../../src/stripe/lists.js';
import { dispute } from '../support/dispute-facts.js';
import { intent, T0, TERMS } from '../support/facts.js';
import { REFUND_TERMS, refund } from '../support/refund-facts.js';

const JOB = 'job.1';

/** What an activity is made with, where a store that holds nothing can be away, and what of it was asked and told. */
function setUp() {
  const at = { isAway: false, asked: [] as string[], signals: [] as [workflow: string, shown: unknown, id: string][] };
  const query = async (text: string) => {
    if (at.isAway) throw new DatabaseError('connection refused', null);
    return text.includes('clock_timestamp()') ? [{ version: T0 }] : [];
  };
  const on = { query: query as Database['query'] };
  const database: Database = { ...on, transaction: (work) => work(on), close: async () => undefined };
  const ask = (what: string, object: unknown) => async () => {
    at.asked.push(what);
    return { kind: 'object', object, replayed: false };
  };
  const gateway = {
    retrieveRefund: ask('refund', refund('failed')),
    retrieveIntent: ask('intent', intent('canceled')),
    retrieveDispute: ask('dispute', dispute('won', { withdrawn: 1999, reinstated: 1999, balanceCurrency: 'eur' })),
  };
  const lists = {
    objects: async () => {
      at.asked.push('list');
      return { items: [], next: null };
    },
  };
  const client = {
    connection: { withDeadline: (_: number, call: () => unknown) => call() },
    options: { namespace: 'default', identity: 'test', loadedDataConverter: defaultDataConverter },
    workflowService: {
      async signalWorkflowExecution(signal: Signal) {
        const [payload] = signal.input.payloads;
        const shown = defaultPayloadConverter.fromPayload(payload as never);
        at.signals.push([signal.workflowExecution.workflowId, shown, signal.requestId]);
      },
    },
  };
  const parts: ReconcileParts = {
    now: () => T0,
    random: () => 0.5,
    deployment: 'd1',
    store: { isThere: true, database, close: async () => undefined },
    gateway: gateway as unknown as StripeGateway,
    lists: lists as unknown as StripeLists,
    deliver: { client: client as unknown as Client, deployment: 'd1', policy: loadConfig().policy.payments },
  };
  return { at, parts };
}

interface Signal {
  readonly workflowExecution: { readonly workflowId: string };
  readonly input: { readonly payloads: readonly unknown[] };
  readonly requestId: string;
}

/** More than any test has it tried. */
const MOST_TRIES = 20;

/** Tries an activity as Temporal does, until it is done: each try hears what the one before told. */
async function tried(work: () => Promise<PageDone>, beforeTry: (attempt: number) => void): Promise<PageDone> {
  let heartbeatDetails: unknown;
  for (let attempt = 1; attempt <= MOST_TRIES; attempt += 1) {
    beforeTry(attempt);
    const workflowExecution = { workflowId: JOB, runId: 'run-1' };
    const env = new MockActivityEnvironment(
      { attempt, heartbeatDetails, workflowExecution, scheduledTimestampMs: T0 },
      { logger: new DefaultLogger('ERROR') },
    );
    env.on('heartbeat', (details: unknown) => {
      heartbeatDetails = details;
    });
    try {
      return (await env.run(work)) as PageDone;
    } catch (error) {
      const isPaced = error instanceof ApplicationFailure && error.nonRetryable !== true;
      if (!isPaced && !(error instanceof DatabaseError)) throw error;
    }
  }
  throw new Error(`not done after ${MOST_TRIES} tries`);
}

const undisturbed = (work: () => Promise<PageDone>) => tried(work, () => undefined);

const REFUND: Booked = {
  ...{ id: 're_1', kind: 'refund', payment: TERMS.id, intent: 'pi_1' },
  ...{ amount: 1_000, currency: 'eur', status: 'pending' },
};
const CHARGE: Booked = { ...REFUND, id: 'ch_1', kind: 'charge', amount: 1_999, status: 'succeeded' };
const DISPUTE: Booked = { ...CHARGE, id: 'dp_1', kind: 'dispute', status: 'needs_response' };

describe('while the store is away', () => {
  const AWAY = 6;

  it('a page asks Stripe nothing, and no try of it counts as a call', async () => {
    const { at, parts } = setUp();
    const page = { account: 'default', kind: 'charges', fromMs: 0, toMs: T0, after: null } as const;
    const done = await tried(
      () => syncObjects(parts, page),
      (attempt) => {
        at.isAway = attempt <= AWAY;
      },
    );
    assert.deepEqual([done.stripeCalls, at.asked], [1, ['list']]);
  });

  it('what was on no page is not read either', async () => {
    const { at, parts } = setUp();
    const done = await tried(
      () => readUnseen(parts, { account: 'default', booked: REFUND }),
      (attempt) => {
        at.isAway = attempt <= AWAY;
      },
    );
    assert.deepEqual([done.stripeCalls, at.asked], [1, ['refund']]);
  });

  it('a try that had asked before counts all the same', async () => {
    const { at, parts } = setUp();
    const { lists } = parts;
    const gone = {
      objects: async (...args: Parameters<StripeLists['objects']>) => {
        const answer = await lists.objects(...args);
        // What it shows cannot be kept.
        at.isAway = at.asked.length === 1;
        return answer;
      },
    };
    const page = { account: 'default', kind: 'charges', fromMs: 0, toMs: T0, after: null } as const;
    const done = await tried(
      () => syncObjects({ ...parts, lists: gone as unknown as StripeLists }, page),
      (attempt) => {
        at.isAway = attempt === 2;
      },
    );
    assert.deepEqual([done.stripeCalls, at.asked], [2, ['list', 'list']]);
  });
});

describe('what was on no page, read by itself', () => {
  it('is told to the refund that waits for it', async () => {
    const { at, parts } = setUp();
    const done = await undisturbed(() => readUnseen(parts, { account: 'default', booked: REFUND }));
    assert.deepEqual(done, { stripeCalls: 1, counts: { missing: 1, extra: 0, different: 0, told: 1, incidents: 0 } });
    assert.deepEqual(at.signals, [[REFUND_TERMS.id, refund('failed'), `${JOB}/re_1`]]);
  });

  it('is told to the payment of a charge', async () => {
    const { at, parts } = setUp();
    await undisturbed(() => readUnseen(parts, { account: 'default', booked: CHARGE }));
    const told = { source: 'sweep', intent: intent('canceled'), key: null, event: null };
    assert.deepEqual(at.signals, [[TERMS.id, told, `${JOB}/ch_1`]]);
  });

  it('is told to the dispute', async () => {
    const { at, parts } = setUp();
    await undisturbed(() => readUnseen(parts, { account: 'default', booked: DISPUTE }));
    const [signal] = at.signals;
    assert.deepEqual([signal?.[0], signal?.[2]], [disputeId('default', 'dp_1'), `${JOB}/dp_1`]);
  });

  it('counts no call of a try for which the budget had no room', async () => {
    const { parts } = setUp();
    let nth = 0;
    const busy = { ...parts, gateway: { ...parts.gateway } as StripeGateway };
    busy.gateway.retrieveRefund = async () => {
      nth += 1;
      if (nth < 5) return { kind: 'not_sent', why: 'no_budget', againInMs: 1_000 };
      return { kind: 'object', object: refund('pending'), replayed: false };
    };
    const done = await undisturbed(() => readUnseen(busy, { account: 'default', booked: REFUND }));
    assert.deepEqual([done.stripeCalls, nth], [1, 5]);
  });

  it('is told to nobody where it is as it is booked', async () => {
    const { at, parts } = setUp();
    const pending = { ...parts, gateway: { ...parts.gateway } as StripeGateway };
    pending.gateway.retrieveRefund = async () => ({ kind: 'object', object: refund('pending'), replayed: false });
    const done = await undisturbed(() => readUnseen(pending, { account: 'default', booked: REFUND }));
    assert.deepEqual([done, at.signals], [{ stripeCalls: 1, counts: {} }, []]);
  });
});
