import assert from 'node:assert/strict';
import { after, afterEach, before, describe, it } from 'node:test';
import { MockActivityEnvironment } from '@temporalio/testing';
import { createPaymentActivities } from '../../src/activities/payments.js';
import type { CancelInput } from '../../src/activities/types.js';
import type { IntentSnapshot } from '../../src/domain/intent.js';
import { cardPayment, MeteredGateway } from '../support/metered-gateway.js';
import { NO_PAST } from '../support/no-past.js';
import { Simulated } from '../support/simulated.js';

describe('a cancel whose key is spent', () => {
  let simulated: Simulated;
  let metered: MeteredGateway;
  before(async () => {
    simulated = await Simulated.start();
    metered = new MeteredGateway({ one: simulated.base });
  });
  afterEach(() => simulated.control.noFaults());
  after(() => simulated?.stop());

  const cancel = (input: CancelInput): Promise<IntentSnapshot> => {
    const { gateway } = metered;
    const { cancelIntent } = createPaymentActivities({
      gateway,
      past: NO_PAST,
      now: () => metered.nowMs,
      random: () => 0.5,
    });
    return new MockActivityEnvironment().run(cancelIntent, input);
  };

  const keysOf = async (key: string) =>
    (await simulated.control.requests('payment_intents.cancel'))
      .map((r) => r.idempotencyKey)
      .filter((sent) => sent?.startsWith(key));

  async function openIntent(): Promise<string> {
    const method = { payment_method: 'pm_card_authenticationRequired' };
    return (await simulated.stripe.paymentIntents.create(cardPayment(method))).id;
  }

  /** An open intent, and a key under which Stripe has stored a 500 to its cancel at the customer's request. */
  async function broken(key: string): Promise<string> {
    const intent = await openIntent();
    await simulated.control.faults({
      requests: [{ kind: 'error_before', endpoint: 'payment_intents.cancel', times: 1 }],
    });
    await metered.gateway.cancelIntent('one', intent, 'requested_by_customer', metered.write({ key }));
    return intent;
  }

  it('by a 500 that is stored under it goes on under the next', async () => {
    const intent = await broken('cancel/a');
    const canceled = await cancel({ account: 'one', intent, key: 'cancel/a', reason: 'requested_by_customer' });
    assert.deepEqual([canceled.id, canceled.status], [intent, 'canceled']);
    assert.deepEqual(await keysOf('cancel/a'), ['cancel/a', 'cancel/a', 'cancel/a/2']);
  });

  it('by another reason, given before a reset, goes on under the next', async () => {
    const intent = await broken('cancel/b');
    const canceled = await cancel({ account: 'one', intent, key: 'cancel/b', reason: 'abandoned' });
    assert.deepEqual([canceled.id, canceled.status, canceled.cancellationReason], [intent, 'canceled', 'abandoned']);
    assert.deepEqual(await keysOf('cancel/b'), ['cancel/b', 'cancel/b', 'cancel/b/2']);
  });

  it('by another reason for which it was canceled is answered by a read', async () => {
    const intent = await openIntent();
    const write = metered.write({ key: 'cancel/c' });
    await metered.gateway.cancelIntent('one', intent, 'requested_by_customer', write);
    const canceled = await cancel({ account: 'one', intent, key: 'cancel/c', reason: 'abandoned' });
    assert.deepEqual([canceled.status, canceled.cancellationReason], ['canceled', 'requested_by_customer']);
    assert.deepEqual(await keysOf('cancel/c'), ['cancel/c', 'cancel/c']);
  });
});
