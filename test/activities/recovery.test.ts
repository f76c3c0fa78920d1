import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Client, WorkflowNotFoundError } from '@temporalio/client';
import { defaultDataConverter } from '@temporalio/common';
import { MockActivityEnvironment } from '@temporalio/testing';
import type { RecoveredPage } from '../../src/activities/background-types.js';
import { recoverWebhooks } from '../../src/activities/recovery.js';
import { loadConfig } from '../../src/config/index.js';
import type { StripeEvent } from '../../src/stripe/events.js';
import type { StripeLists } from '../../src/stripe/lists.js';
import { intent, T0, TERMS } from '../support/facts.js';

const NOT_FOUND = 5;

/** Hands on an event of a canceled intent, where its payment is there or not. */
async function recover(isThere: boolean, unreadable: readonly string[] = []) {
  const event: StripeEvent = {
    id: 'evt_1',
    type: 'payment_intent.canceled',
    createdMs: T0,
    key: null,
    livemode: false,
    about: { kind: 'intent', intent: intent('canceled') },
  };
  const client = {
    connection: { withDeadline: (_: number, call: () => unknown) => call() },
    options: { namespace: 'default', identity: 'test', loadedDataConverter: defaultDataConverter },
    workflowService: {
      async signalWorkflowExecution() {
        if (!isThere) throw Object.assign(new Error('none'), { code: NOT_FOUND, details: 'none', metadata: {} });
      },
    },
    workflow: {
      getHandle: (id: string) => ({
        describe: () => Promise.reject(new WorkflowNotFoundError('none', id, undefined)),
      }),
    },
  };
  const lists = { undeliveredEvents: async () => ({ items: [event], next: null, unreadable }) };
  const parts = {
    now: () => T0,
    random: () => 0.5,
    lists: lists as unknown as StripeLists,
    deliver: { client: client as unknown as Client, deployment: 'd1', policy: loadConfig().policy.payments },
  };
  const page = { account: 'default', fromMs: 0, toMs: T0, after: null };
  return new MockActivityEnvironment().run(
    (): Promise<RecoveredPage> => recoverWebhooks(parts, page),
  ) as Promise<RecoveredPage>;
}

describe('what the sweep need not look for', () => {
  it('is a payment that has taken the event of its end', async () => {
    assert.deepEqual((await recover(true)).settled, [TERMS.id]);
  });

  it('is none that the event did not reach', async () => {
    const { settled, counts } = await recover(false);
    assert.deepEqual([settled, counts], [[], { events: 1, delivered: 0, incidents: 0 }]);
  });
});

describe('an event that cannot be read', () => {
  it('is counted, and the rest of its page handed on', async () => {
    const { settled, counts } = await recover(true, ['evt_strange']);
    assert.deepEqual(settled, [TERMS.id]);
    assert.deepEqual(counts, { events: 2, delivered: 1, incidents: 0, unreadable: 1 });
  });
});
