import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Client, WorkflowNotFoundError } from '@temporalio/client';
import { defaultDataConverter, defaultPayloadConverter } from '@temporalio/common';
import type { PageDone } from '../../src/activities/background-types.js';
import { comparePage, type ReconcileParts, readUnseen } from '../../src/activities/reconcile.js';
import { syncObjects } from '../../src/activities/sync.js';
import { loadConfig } from '../../src/config/index.js';
import { disputeId } from '../../src/domain/ids.js';
import type { PaymentState } from '../../src/domain/payment/index.js';
import type { Booked, Movement } from '../../src/domain/reconciling.js';
import { type Database, DatabaseError } from '../../src/store/database.js';
import type { StripeGateway } from '../../src/stripe/gateway.js';
import type { StripeLists } from '../../src/stripe/lists.js';
import { dispute } from '../support/dispute-facts.js';
import { after, intent, T0, TERMS, taken } from '../support/facts.js';
import { REFUND_TERMS, refund } from '../support/refund-facts.js';
import { JOB, tried } from '../support/tried.js';

const KEPT_FOR_MS = 90 * 24 * 60 * 60_000;

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
    keptForMs: KEPT_FOR_MS,
  };
  return { at, parts };
}

interface Signal {
  readonly workflowExecution: { readonly workflowId: string };
  readonly input: { readonly payloads: readonly unknown[] };
  readonly requestId: string;
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

describe('money of a payment that Temporal does not have', () => {
  const DAY_MS = 24 * 60 * 60_000;

  /** One movement of this age, and what the store says of its payment. */
  async function reconciled(ageMs: number, tombstone: object | null, closed: PaymentState | null = null) {
    const { parts } = setUp();
    const labels = { deployment: 'd1', workflowId: TERMS.id, attempt: 1 };
    const shown = { ...intent('succeeded'), labels };
    const moved: Movement = {
      ...{ id: 'txn_1', kind: 'charge', source: 'ch_1', intent: 'pi_1', amount: 1_999, currency: 'eur' },
      ...{ createdMs: T0 - ageMs, labels, shown, refund: null, dispute: null },
    };
    const lists = { movements: async () => ({ items: [moved], next: null }) } as unknown as StripeLists;
    const notFound = new WorkflowNotFoundError('gone', TERMS.id, undefined);
    const started: { readonly workflowId: string }[] = [];
    const client = {
      ...parts.deliver.client,
      workflowService: {
        async signalWorkflowExecution() {
          throw Object.assign(new Error('not found'), { code: 5, details: '', metadata: {} });
        },
      },
      workflow: {
        getHandle: () => ({
          describe: async () => {
            if (closed === null) throw notFound;
            const times = { startTime: new Date(T0), closeTime: new Date(T0) };
            return { ...times, status: { name: 'COMPLETED' }, type: 'payment', raw: {}, memo: {} };
          },
          result: async () => ({ state: closed }),
        }),
        start: async (_: unknown, options: { readonly workflowId: string }) => started.push(options),
      },
    } as unknown as Client;
    const { database } = parts.store;
    const query: (...args: Parameters<Database['query']>) => Promise<readonly object[]> = async (text, values) =>
      text.includes('from penstock.tombstones') && tombstone !== null ? [tombstone] : database.query(text, values);
    const on = { query: query as Database['query'] };
    const store = { ...parts.store, database: { ...database, ...on, transaction: (work) => work(on) } as Database };
    const page = { account: 'default', fromMs: 0, toMs: T0, after: null };
    const done = await undisturbed(() =>
      comparePage({ ...parts, lists, store, deliver: { ...parts.deliver, client } }, page),
    );
    return { counts: done.counts, incidents: started.map(({ workflowId }) => workflowId) };
  }

  const endedWith = (intent: string, amountCaptured: number) => ({
    ...{ opened_at: new Date(T0), closed_at: new Date(T0) },
    result: { status: amountCaptured > 0 ? 'succeeded' : 'failed', intent, amountCaptured },
  });

  it('is none of the payment that used its reference again', async () => {
    const later = after(taken({ acceptedAtMs: T0 + 100 * DAY_MS }), { type: 'cancel_requested', by: 'api' });
    assert.notEqual(later.end, null);
    const { counts, incidents } = await reconciled(KEPT_FOR_MS, null, later);
    assert.deepEqual([counts['extra'], incidents], [1, []]);
    const own = after(taken(), { type: 'cancel_requested', by: 'api' });
    assert.deepEqual((await reconciled(KEPT_FOR_MS, null, own)).incidents, [`incident.late_money.${TERMS.id}.pi_1`]);
  });

  it('is an incident where the store knows of an end without it', async () => {
    for (const end of [endedWith('pi_1', 0), endedWith('pi_2', 1_999)]) {
      assert.equal((await reconciled(DAY_MS, end)).counts['incidents'], 1);
    }
  });

  it('is an incident where Temporal should have it', async () => {
    const { counts, incidents } = await reconciled(DAY_MS, null);
    assert.deepEqual([counts['extra'], counts['incidents']], [1, 1]);
    assert.deepEqual(incidents, [`incident.lost_payment.${TERMS.id}.pi_1`]);
  });

  it('is a difference and nothing else where Temporal may have forgotten it, or the store knows how it ended', async () => {
    for (const { counts, incidents } of [
      await reconciled(KEPT_FOR_MS, null),
      await reconciled(DAY_MS, endedWith('pi_1', 1_999)),
    ]) {
      assert.deepEqual([counts['extra'], counts['told'], counts['incidents'], incidents], [1, 0, 0, []]);
    }
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
