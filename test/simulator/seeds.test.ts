import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { SIMULATOR_KEY } from '../../src/config/accounts.js';
import { TABLE_NAMES } from '../../src/simulator/state/tables.js';
import { HOUR, T0 } from '../support/facts.js';
import { cardPayment } from '../support/metered-gateway.js';
import { Simulated } from '../support/simulated.js';

let folder: string;
let at: Simulated | undefined;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'penstock-seeds-'));
});
afterEach(async () => {
  await at?.stop();
  at = undefined;
  rmSync(folder, { recursive: true, force: true });
});

/** Everything that requests of many kinds are answered, and the events they raise, as text. */
async function storyOf(seed: string): Promise<string[]> {
  at = await Simulated.start({ seed, now: () => T0 });
  const { base, control } = at;
  const told: string[] = [];
  const call = async (method: string, path: string, body?: string) => {
    const response = await fetch(`${base}${path}`, {
      method,
      headers: { authorization: `Bearer ${SIMULATOR_KEY}`, 'content-type': 'application/x-www-form-urlencoded' },
      ...(body === undefined ? {} : { body }),
    });
    const text = await response.text();
    told.push(`${response.headers.get('request-id')} ${response.status} ${text.replaceAll(base, '')}`);
    return JSON.parse(text);
  };
  const pay = (more: string) =>
    call(
      'POST',
      '/v1/payment_intents',
      `amount=4200&currency=usd&confirm=true&automatic_payment_methods[enabled]=true&automatic_payment_methods[allow_redirects]=never&${more}`,
    );
  const paid = await pay('payment_method=pm_card_visa');
  await pay('payment_method=pm_card_chargeDeclined');
  await pay('payment_method=pm_card_createDispute');
  await pay('payment_method=pm_card_authenticationRequired');
  await call('POST', '/v1/refunds', `payment_intent=${paid.id}&amount=100`);
  await call('POST', '/v1/customers', 'name=Ann');
  await call('POST', '/v1/webhook_endpoints', 'url=http://127.0.0.1:9/&enabled_events[]=topup.created');
  await call('POST', '/v1/reporting/report_runs', 'report_type=balance.summary.1');
  await control.advance(72 * HOUR);
  for (const path of [
    'balance',
    'balance_transactions',
    'payouts',
    'reporting/report_runs',
    'disputes',
    'events?limit=100',
  ])
    await call('GET', `/v1/${path}`);
  await at.stop();
  at = undefined;
  return told;
}

describe('the same seed, time and requests', () => {
  it('give the same answers, byte for byte, and the same events', async () => {
    assert.deepEqual(await storyOf('river'), await storyOf('river'));
  });

  it('give others under another seed', async () => {
    const [one, other] = [await storyOf('river'), await storyOf('brook')];
    assert.equal(one.length, other.length);
    for (const [at, answer] of one.entries()) if (answer.includes('"id":')) assert.notEqual(answer, other[at]);
  });
});

describe('an id', () => {
  const idsOf = ({ simulator }: Simulated) =>
    simulator.store
      .accountNames()
      .flatMap((account) =>
        TABLE_NAMES.filter(
          (name) => !['account', 'books', 'scheduled', 'answers', 'clock', 'seed'].includes(name),
        ).flatMap((name) => simulator.store.all(account, name).map(({ id }) => id)),
      );

  it('is never given twice, not after a restart either, even with the same seed', async () => {
    for (let life = 1; life <= 4; life += 1) {
      at = await Simulated.start({ folder, seed: 'river' });
      for (let i = 0; i < 3; i += 1) await at.stripe.paymentIntents.create(cardPayment());
      const intents = (await at.stripe.paymentIntents.list({ limit: 100 })).data.map(({ id }) => id);
      assert.equal(new Set(intents).size, 3 * life);
      const ids = idsOf(at);
      assert.equal(new Set(ids).size, ids.length);
      await at.stop();
    }
  });

  it('is made from the seed its state was sown with, whatever a later start says', async () => {
    const first = async (seed: string) => {
      await at?.stop();
      at = await Simulated.start({ folder, seed });
      return (await at.stripe.customers.create({})).id;
    };
    const one = [await first('river'), await first('brook')];
    await at?.stop();
    rmSync(folder, { recursive: true, force: true });
    assert.deepEqual([await first('river'), await first('lake')], one);
  });

  it('is of no use to guess another by, without a seed: two simulators share none', async () => {
    const customer = async () => {
      await at?.stop();
      at = await Simulated.start({ now: () => T0 });
      return (await at.stripe.customers.create({})).id;
    };
    assert.notEqual(await customer(), await customer());
  });

  it('of one account says nothing of another: requests of the one change none of the other’s', async () => {
    const customerOf = async (others: number) => {
      await at?.stop();
      at = await Simulated.start({ seed: 'river', now: () => T0 });
      const other = at.stripeOf('sk_test_of_another_account');
      for (let i = 0; i < others; i += 1) await other.customers.create({});
      return (await at.stripe.customers.create({})).id;
    };
    assert.equal(await customerOf(0), await customerOf(3));
  });
});
