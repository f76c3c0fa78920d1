import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import Stripe from 'stripe';
import { SIMULATOR_KEY } from '../../src/config/accounts.js';
import { isVersion } from '../../src/simulator/requests/versions.js';
import { ROOT } from '../support/process.js';
import { errorOf } from '../support/refused.js';
import { Simulated } from '../support/simulated.js';

let at: Simulated;
before(async () => {
  at = await Simulated.start();
});
after(() => at?.stop());

async function createWith(version: string | undefined, params: string) {
  const response = await fetch(`${at.base}/v1/payment_intents`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${SIMULATOR_KEY}`,
      'content-type': 'application/x-www-form-urlencoded',
      ...(version === undefined ? {} : { 'stripe-version': version }),
    },
    body: `amount=1000&currency=eur&${params}`,
  });
  return {
    status: response.status,
    body: (await response.json()) as Stripe.PaymentIntent & { error: Stripe.StripeRawError },
  };
}

const TYPES = 'payment_method_types[]=card&payment_method_types[]=sepa_debit';

describe('payment_method_types', () => {
  for (const version of [undefined, '2026-08-26.dahlia', '2025-03-31.basil', '2020-08-27']) {
    it(`are taken ${version === undefined ? 'where no version is named' : `under ${version}`}`, async () => {
      const { status, body } = await createWith(version, TYPES);
      assert.deepEqual([status, body.payment_method_types], [200, ['card', 'sepa_debit']]);
      assert.equal(body.automatic_payment_methods, null);
    });
  }

  for (const version of ['2026-09-30.endive', '2026-10-28.endive']) {
    it(`are refused by a code of their own under ${version}, and all that replaced them is taken`, async () => {
      const { status, body } = await createWith(version, TYPES);
      assert.deepEqual(
        [status, body.error.code, body.error.param],
        [400, 'payment_method_types_no_longer_supported', 'payment_method_types'],
      );
      const instead = await createWith(version, 'allowed_payment_method_types[]=sepa_debit');
      assert.deepEqual([instead.status, instead.body.payment_method_types], [200, ['sepa_debit']]);
      const without = await createWith(version, 'excluded_payment_method_types[]=sepa_debit');
      assert.deepEqual([without.status, without.body.payment_method_types], [200, ['card']]);
    });
  }

  it('are refused to the client that Penstock uses', async () => {
    const params = {
      amount: 1_000,
      currency: 'eur',
      payment_method_types: ['card'],
    } as Stripe.PaymentIntentCreateParams;
    const error = await errorOf(at.stripe.paymentIntents.create(params));
    assert.equal(error.code, 'payment_method_types_no_longer_supported');
  });

  it('stay as they were listed through an update', async () => {
    const { body } = await createWith(undefined, 'payment_method_types[]=card');
    const after = await at.stripe.paymentIntents.update(body.id, { amount: 2_000 });
    assert.deepEqual([after.payment_method_types, after.amount], [['card'], 2_000]);
  });

  it('that are none, or take no such payment, are refused', async () => {
    for (const types of ['payment_method_types[]=cheque', 'payment_method_types[]=us_bank_account']) {
      const { status, body } = await createWith(undefined, types);
      assert.equal(status, 400);
      assert.match(body.error.param ?? '', /^payment_method_types/);
    }
  });
});

describe('a version', () => {
  for (const version of ['garbage', '', '2026-10-28', '2022-08-02', '2019-2-19', '2027-01-01.next']) {
    it(`that never was is refused, and nothing has happened: ${version || 'nothing'}`, async () => {
      const before = (await at.stripe.paymentIntents.list()).data.length;
      const { status, body } = await createWith(version, '');
      assert.deepEqual([status, body.error.type], [400, 'invalid_request_error']);
      assert.equal(body.error.message, `Invalid Stripe API version: ${version}`);
      assert.equal((await at.stripe.paymentIntents.list()).data.length, before);
    });
  }

  it('is one that the client of Stripe’s own knows, and each of those is', () => {
    const types = readFileSync(join(ROOT, 'node_modules/stripe/cjs/resources/WebhookEndpoints.d.ts'), 'utf8');
    const known = new Set([...types.matchAll(/'(20\d\d-[^']+)'/g)].map(([, version]) => version ?? ''));
    assert.ok(known.has(Stripe.API_VERSION));
    for (const version of known) assert.ok(isVersion(version), version);
  });
});

describe('an event', () => {
  it('is of the version that Penstock’s client is of, whatever the request was of', async () => {
    await createWith('2025-03-31.basil', '');
    const [event] = (await at.stripe.events.list({ limit: 1 })).data;
    assert.equal(event?.api_version, Stripe.API_VERSION);
  });
});
