import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { SIMULATOR_KEY } from '../../src/config/accounts.js';
import { accountId } from '../../src/simulator/requests/incoming.js';
import { askControl } from '../support/asked-controls.js';
import { T0 } from '../support/facts.js';
import { cardPayment } from '../support/metered-gateway.js';
import { type Nonsense, refusesAll } from '../support/nonsense.js';
import { Simulated } from '../support/simulated.js';

let stripe: Simulated;
let charge: Record<string, unknown>;
let intent: Record<string, unknown>;
before(async () => {
  stripe = await Simulated.start({ now: () => T0 });
  const { id, latest_charge } = await stripe.stripe.paymentIntents.create(cardPayment());
  const { store } = stripe.simulator;
  intent = { ...store.get(accountId(SIMULATOR_KEY), 'payment_intents', id) };
  charge = { ...store.get(accountId(SIMULATOR_KEY), 'charges', latest_charge as string) };
});
after(() => stripe?.stop());

const refuses = (rows: readonly Nonsense[]) => refusesAll(stripe.base, rows);
const put = (what: string, table: string, row: object, says: RegExp): Nonsense => [
  what,
  'PUT',
  `object?key=${SIMULATOR_KEY}`,
  { table, row },
  says,
];

/** What it names, by the field that names it. */
const NAMES = {
  payment_intents: { customer: 'customer', latest_charge: 'charge', payment_method: 'payment_method' },
  charges: {
    balance_transaction: 'balance_transaction',
    customer: 'customer',
    payment_intent: 'payment_intent',
    payment_method: 'payment_method',
  },
} as const;

/** The intent, waiting for its customer to come back to a URL. */
function toReturnTo(return_url: string): object {
  const next_action = { type: 'redirect_to_url', redirect_to_url: { url: 'http://127.0.0.1/', return_url } };
  return { ...intent, status: 'requires_action', next_action };
}

describe('the control API refuses, by name, and changes nothing:', () => {
  it('objects that lack what every one of their kind has', async () => {
    const without = (row: object, name: string) => Object.fromEntries(Object.entries(row).filter(([n]) => n !== name));
    await refuses([
      put('an id alone', 'payment_intents', { id: 'pi_x' }, /row\.status/),
      ...Object.keys(intent).map((name) =>
        put(`an intent without ${name}`, 'payment_intents', without(intent, name), new RegExp(`row\\.${name}$`)),
      ),
      ...Object.keys(charge).map((name) =>
        put(`a charge without ${name}`, 'charges', without(charge, name), new RegExp(`row\\.${name}$`)),
      ),
      put('a status there is not', 'payment_intents', { ...intent, status: 'paid' }, /"succeeded"[\s\S]*row\.status/),
      put('half a cent', 'charges', { ...charge, amount: 0.5 }, /row\.amount/),
      put('less than nothing', 'charges', { ...charge, amount_refunded: -1 }, /row\.amount_refunded/),
      put('a charge among intents', 'payment_intents', charge, /row\.id/),
      put('more captured than asked', 'charges', { ...charge, amount: 5 }, /captured[\s\S]*row\.amount_captured/),
      put('more refunded than captured', 'charges', { ...charge, amount_captured: 5, amount_refunded: 9 }, /refunded/),
      put('money of nowhere', 'charges', { ...charge, currency: 'zzz' }, /no currency zzz[\s\S]*row\.currency/),
      put('no money', 'payment_intents', { ...intent, currency: 'zzz' }, /no currency zzz[\s\S]*row\.currency/),
      put('a charge that is not there', 'payment_intents', { ...intent, latest_charge: 'ch_x' }, /no charge ch_x/),
      put(
        'an action without a way back',
        'payment_intents',
        toReturnTo('nowhere'),
        /row\.next_action\.redirect_to_url/,
      ),
      put('a card that is not there', 'charges', { ...charge, payment_method_details: {} }, /card[\s\S]*details\.type/),
      put(
        'a type without its part',
        'charges',
        { ...charge, payment_method_details: { type: 'sepa_debit', card: {} } },
        /row\.payment_method_details\.sepa_debit/,
      ),
      put(
        'metadata of Stripe’s size and more',
        'charges',
        { ...charge, metadata: { ['x'.repeat(41)]: '' } },
        /40 char/,
      ),
      put(
        'metadata of a book',
        'charges',
        { ...charge, metadata: { x: 'x'.repeat(501) } },
        /500 char[\s\S]*row\.metad/,
      ),
      put('nothing to do', 'payment_intents', { ...intent, status: 'requires_action' }, /row\.next_action/),
      put('what no charge has', 'charges', { ...charge, colour: 'red' }, /"colour"/),
    ]);
  });

  it('those that name what is not there', async () => {
    const rows = { payment_intents: intent, charges: charge };
    for (const table of ['payment_intents', 'charges'] as const) {
      await refuses(
        Object.entries(NAMES[table]).map(([field, object]) =>
          put(
            field,
            table,
            { ...rows[table], [field]: 'x_of_nobody' },
            new RegExp(`^row\\.${field}: there is no ${object} x_of_nobody`),
          ),
        ),
      );
    }
  });

  it('one that waits for a customer whom nothing asks', async () => {
    const asked = toReturnTo('https://shop.example/');
    await refuses([
      put('a card that only pays', 'payment_intents', asked, /^row\.payment_method: .*pm_card_authenticationRequired/),
      put('no card', 'payment_intents', { ...asked, payment_method: null }, /^row\.payment_method: /),
    ]);
  });

  it('one that is to be captured, of a charge with nothing to capture', async () => {
    const held = { ...intent, status: 'requires_capture' };
    await refuses([
      put('no charge', 'payment_intents', { ...held, latest_charge: null }, /^row\.latest_charge: .*not captured/),
      put('one that was captured', 'payment_intents', held, /^row\.latest_charge: .*not captured/),
    ]);
    const { latest_charge } = await stripe.stripe.paymentIntents.create(cardPayment({ capture_method: 'manual' }));
    const its = stripe.simulator.store.get(accountId(SIMULATOR_KEY), 'charges', latest_charge as string);
    await refuses([
      put('its charge, captured', 'charges', { ...its, captured: true }, /^row\.captured: pi_\w+ requires its capture/),
      put('its charge, failed', 'charges', { ...its, status: 'failed' }, /^row\.status: pi_\w+ requires its capture/),
    ]);
  });
});

describe('the control API takes', () => {
  it('rows of objects as they are, of every kind of payment method, and changed', async () => {
    const asItIs = async (table: string, row: object) => {
      const { status, answer } = await askControl(stripe.base, ['PUT', `object?key=${SIMULATOR_KEY}`, { table, row }]);
      assert.deepEqual([status, answer], [200, row]);
    };
    const methods = ['pm_card_authenticationRequired', 'pm_usBankAccount_success', 'pm_card_chargeDeclined'];
    for (const payment_method of methods) {
      await stripe.stripe.paymentIntents
        .create(cardPayment({ payment_method, currency: 'usd' }))
        .catch(() => undefined);
    }
    await stripe.stripe.paymentIntents.create(cardPayment({ capture_method: 'manual' }));
    await everyEnd();
    const { store } = stripe.simulator;
    const intents = store.all(accountId(SIMULATOR_KEY), 'payment_intents');
    const charges = store.all(accountId(SIMULATOR_KEY), 'charges');
    const ends = new Set(intents.map(({ status }) => status));
    assert.equal(ends.size, 7, `every status, of ${[...ends]}`);
    for (const row of intents) await asItIs('payment_intents', row);
    for (const row of charges) await asItIs('charges', row);
    await asItIs('payment_intents', { ...intent, status: 'processing', metadata: { shop: 'acme' } });
  });
});

/** Payments of a customer who leaves, of what is kept for later, cancelled, refunded, disputed, and answered at a bank. */
async function everyEnd(): Promise<void> {
  const { customers, paymentIntents, refunds } = stripe.stripe;
  const { id: customer } = await customers.create({});
  const pay = (changes: object) => paymentIntents.create({ ...cardPayment(), customer, ...changes } as never);
  await pay({ setup_future_usage: 'off_session' });
  await pay({ payment_method: 'pm_card_createDispute', capture_method: 'automatic_async' });
  await pay({ payment_method: 'pm_sepaDebit_success_de', currency: 'eur' });
  await pay({ confirm: false });
  await pay({ confirm: false, payment_method: undefined });
  await refunds.create({ payment_intent: (await pay({})).id });
  await paymentIntents.capture((await pay({ capture_method: 'manual' })).id, { amount_to_capture: 1_000 });
  await paymentIntents.cancel((await pay({ capture_method: 'manual' })).id);
  const asked = await pay({ payment_method: 'pm_card_threeDSecureRequiredChargeDeclined' });
  await stripe.control.authenticate(asked.id, 'succeed');
  await customers.del(customer);
}
