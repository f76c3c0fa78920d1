import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import { SIMULATOR_KEY } from '../../src/config/accounts.js';
import { HOUR, T0 } from '../support/facts.js';
import { Simulated } from '../support/simulated.js';

const INTENTS = '/v1/payment_intents';
const payment = (changes = {}) => ({
  amount: 4_200,
  currency: 'eur',
  payment_method: 'pm_card_visa',
  confirm: true,
  automatic_payment_methods: { enabled: true, allow_redirects: 'never' },
  ...changes,
});

describe('idempotency keys', () => {
  let stripe: Simulated;
  let nowMs = T0;
  let key = '';
  let keys = 0;
  before(async () => {
    stripe = await Simulated.start({ now: () => nowMs });
  });
  beforeEach(() => {
    keys += 1;
    key = `key-${keys}`;
  });
  afterEach(() => stripe.control.noFaults());
  after(() => stripe?.stop());

  const pay = (changes = {}, secretKey?: string) =>
    stripe.post(INTENTS, payment(changes), {
      idempotencyKey: key,
      ...(secretKey === undefined ? {} : { secretKey }),
    });
  const idOf = (answer: { text: string }) => (JSON.parse(answer.text) as { id: string }).id;

  /** How many intents the key has made, seen from outside. */
  async function madeBy(description: string): Promise<number> {
    let count = 0;
    for await (const intent of stripe.stripe.paymentIntents.list({ limit: 100 })) {
      if (intent.description === description) count += 1;
    }
    return count;
  }

  it('a repeat is answered with the first answer, byte for byte and marked, and does nothing', async () => {
    const description = `of ${key}`;
    const first = await pay({ description });
    const again = await pay({ description });
    assert.deepEqual([first.status, first.replayed], [200, false]);
    assert.deepEqual([again.status, again.replayed], [200, true]);
    assert.equal(again.text, first.text);
    assert.equal(await madeBy(description), 1);
  });

  it('a repeat shows the object as it was then, not as it has become', async () => {
    const waiting = { payment_method: 'pm_card_authenticationRequired' };
    const first = await pay(waiting);
    await stripe.stripe.paymentIntents.cancel(idOf(first));
    assert.equal((await pay(waiting)).text, first.text);
  });

  it('a decline is kept: the card is not tried a second time', async () => {
    const declined = { payment_method: 'pm_card_chargeDeclined', description: `of ${key}` };
    const [first, again] = [await pay(declined), await pay(declined)];
    assert.deepEqual([first.status, again.status, again.replayed], [402, 402, true]);
    assert.equal(again.text, first.text);
    assert.equal(await madeBy(declined.description), 1);
  });

  for (const [kind, effect] of [
    ['error_after', 'though the payment went through'],
    ['error_before', 'and the payment never comes about'],
  ] as const) {
    it(`a 500 is kept, ${effect}: repeating cannot cure it`, async () => {
      const description = `of ${key}`;
      await stripe.control.faults({ requests: [{ kind, endpoint: 'payment_intents.create', times: 1 }] });
      const [first, again] = [await pay({ description }), await pay({ description })];
      assert.deepEqual([first.status, again.status, again.replayed], [500, 500, true]);
      assert.equal(again.text, first.text);
      assert.equal(await madeBy(description), kind === 'error_after' ? 1 : 0);
    });
  }

  it('a reply that got lost is told again, whole, to the repeat', async () => {
    const description = `of ${key}`;
    for (const kind of ['reset_after', 'truncate_after', 'bad_gateway_after'] as const) {
      key = `${key}-${kind}`;
      await stripe.control.faults({ requests: [{ kind, endpoint: 'payment_intents.create', times: 1 }] });
      await pay({ description }).catch(() => undefined);
      const again = await pay({ description });
      assert.deepEqual([again.status, again.replayed], [200, true], kind);
    }
    assert.equal(await madeBy(description), 3);
  });

  it('with other parameters it is refused, and the first answer stays', async () => {
    const first = await pay();
    for (const changes of [{ amount: 4_201 }, { metadata: { order: '1' } }, { confirm: undefined }]) {
      const other = await pay(changes);
      assert.deepEqual([other.status, other.error?.type, other.replayed], [400, 'idempotency_error', false]);
    }
    assert.equal((await pay()).text, first.text);
  });

  it('with the same parameters in another order it is refused: stricter than Stripe says it is', async () => {
    const send = (form: string) => stripe.postText(INTENTS, form, { idempotencyKey: key });
    assert.equal((await send('amount=4200&currency=eur')).status, 200);
    const other = await send('currency=eur&amount=4200');
    assert.deepEqual([other.status, other.error?.type], [400, 'idempotency_error']);
    assert.equal((await send('amount=4200&currency=eur')).replayed, true);
  });

  it('on another endpoint it is refused', async () => {
    const first = await pay({ payment_method: 'pm_card_authenticationRequired' });
    const other = await stripe.post(`${INTENTS}/${idOf(first)}/cancel`, {}, { idempotencyKey: key });
    assert.deepEqual([other.status, other.error?.type], [400, 'idempotency_error']);
    assert.equal((await stripe.stripe.paymentIntents.retrieve(idOf(first))).status, 'requires_action');
  });

  it('on another object of the same endpoint it is refused', async () => {
    const waiting = payment({ payment_method: 'pm_card_authenticationRequired' });
    const [one, two] = [await stripe.post(INTENTS, waiting), await stripe.post(INTENTS, waiting)];
    const cancel = (id: string) => stripe.post(`${INTENTS}/${id}/cancel`, {}, { idempotencyKey: key });
    assert.equal((await cancel(idOf(one))).status, 200);
    assert.equal((await cancel(idOf(two))).status, 400);
  });

  it('means nothing on another account, which has the same key for something of its own', async () => {
    const here = await pay();
    const there = await pay({ amount: 99 }, 'sk_test_some_other_account');
    assert.deepEqual([here.status, there.status, there.replayed], [200, 200, false]);
    assert.notEqual(idOf(there), idOf(here));
  });

  it('a refusal from before the execution is not kept: the repeat executes', async () => {
    for (const status of [400, 401, 404, 409, 429] as const) {
      key = `${key}-${status}`;
      await stripe.control.faults({ requests: [{ kind: 'reject', status, times: 1 }] });
      assert.equal((await pay()).status, status);
      const again = await pay();
      assert.deepEqual([again.status, again.replayed], [200, false], `${status}`);
    }
  });

  it('a request that was wrong leaves its key free, even for other parameters', async () => {
    assert.equal((await pay({ amount: 0 })).status, 400);
    assert.equal((await pay({ customer: 'cus_nobody' })).error?.code, 'resource_missing');
    assert.deepEqual([(await pay()).status, (await pay()).replayed], [200, true]);
  });

  it('is in use until the first request is through: the second is told so, and the third what the first did', async () => {
    const description = `of ${key}`;
    await stripe.control.faults({ requests: [{ kind: 'hold_before', times: 1 }] });
    const first = pay({ description });
    await stripe.control.untilHeld();
    const turnedAway = await pay({ description });
    assert.deepEqual([turnedAway.status, turnedAway.error?.code], [409, 'idempotency_key_in_use']);
    await stripe.control.release();
    const through = await first;
    assert.deepEqual([through.status, through.replayed], [200, false]);
    const third = await pay({ description });
    assert.deepEqual([third.status, third.replayed, third.text], [200, true, through.text]);
    assert.equal(await madeBy(description), 1);
  });

  it('holds up no other key and no other account while it is in use', async () => {
    await stripe.control.faults({ requests: [{ kind: 'delay_before', delay_ms: 100 }] });
    const first = pay();
    const sameKeyElsewhere = pay({}, 'sk_test_some_other_account');
    key = `${key}-other`;
    const statuses = (await Promise.all([first, sameKeyElsewhere, pay()])).map(({ status }) => status);
    assert.deepEqual(statuses, [200, 200, 200]);
  });

  it('is forgotten after 24 hours, and not before: then the same request charges a second time', async () => {
    const description = `of ${key}`;
    const first = await pay({ description });
    nowMs += 24 * HOUR - 1;
    assert.equal((await pay({ description })).text, first.text);
    nowMs += 1;
    const second = await pay({ description });
    assert.deepEqual([second.status, second.replayed], [200, false]);
    assert.notEqual(idOf(second), idOf(first));
    assert.equal(await madeBy(description), 2);
    assert.equal((await pay({ description })).text, second.text, 'and the key now stands for the second');
  });

  it('has 1 to 255 characters', async () => {
    key = 'k'.repeat(255);
    assert.equal((await pay()).status, 200);
    for (key of ['', 'k'.repeat(256)]) {
      const { status, error } = await pay();
      assert.deepEqual([status, error?.type], [400, 'invalid_request_error']);
      assert.match(error?.message ?? '', new RegExp(`^Idempotent key length is ${key.length}, .* must be 1-255 `));
    }
  });

  it('says what it was used for before, the endpoint or the parameters', async () => {
    const { id } = JSON.parse((await pay({ confirm: false })).text) as { id: string };
    assert.match((await pay()).error?.message ?? '', new RegExp(`same parameters .* a key other than '${key}'`));
    const { error } = await stripe.post(`${INTENTS}/${id}/cancel`, {}, { idempotencyKey: key });
    assert.ok(error?.message?.includes(`('${INTENTS}/${id}/cancel' vs '${INTENTS}')`), error?.message);
  });

  it('has no effect in a GET or a DELETE, even while a POST has it in use', async () => {
    const { id } = await stripe.stripe.customers.create({});
    await stripe.control.faults({ requests: [{ kind: 'hold_before', endpoint: 'payment_intents.create', times: 1 }] });
    const paying = pay();
    await stripe.control.untilHeld(1);
    try {
      for (const method of ['GET', 'DELETE', 'GET']) {
        const response = await fetch(`${stripe.base}/v1/customers/${id}`, {
          method,
          headers: { authorization: `Bearer ${SIMULATOR_KEY}`, 'idempotency-key': key },
        });
        assert.equal(response.status, 200, method);
        assert.equal(response.headers.get('idempotent-replayed'), null);
      }
    } finally {
      await stripe.control.release();
    }
    assert.equal((await paying).status, 200);
    const [deleted] = (await stripe.stripe.events.list({ type: 'customer.deleted' })).data;
    assert.equal(deleted?.request?.idempotency_key, null);
  });

  it('without one, every request is a payment of its own', async () => {
    const [one, two] = [await stripe.post(INTENTS, payment()), await stripe.post(INTENTS, payment())];
    assert.deepEqual([one.status, two.status, two.replayed], [200, 200, false]);
    assert.notEqual(idOf(one), idOf(two));
  });
});
