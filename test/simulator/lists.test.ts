import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import fc from 'fast-check';
import Stripe from 'stripe';
import { SEED } from '../support/any-fact.js';
import { SECOND, T0 } from '../support/facts.js';
import { cardPayment } from '../support/metered-gateway.js';
import { Simulated } from '../support/simulated.js';

/** Three intents a second, over ten seconds. */
const COUNT = 30;
const FIRST_SECOND = T0 / SECOND;

describe('a list of payment intents', () => {
  let stripe: Simulated;
  let nowMs = T0;
  /** Newest first, as lists are. */
  const made: { id: string; created: number }[] = [];
  before(async () => {
    stripe = await Simulated.start({ now: () => nowMs });
    for (let i = 0; i < COUNT; i += 1) {
      nowMs = T0 + Math.floor(i / 3) * SECOND + 300 * (i % 3);
      const { id, created } = await stripe.stripe.paymentIntents.create({ amount: 100 + i, currency: 'eur' });
      made.unshift({ id, created });
    }
  });
  after(() => stripe?.stop());

  const list = async (params: Stripe.PaymentIntentListParams) => {
    const page = await stripe.stripe.paymentIntents.list(params);
    return { ids: page.data.map(({ id }) => id), more: page.has_more };
  };
  const ids = (rows: readonly { id: string }[]) => rows.map(({ id }) => id);
  const refused = async (params: Stripe.PaymentIntentListParams) => {
    const error = await list(params).then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    assert.ok(error instanceof Stripe.errors.StripeInvalidRequestError, 'the call was refused');
    return error.param;
  };

  it('is newest first, ten of them unless more are asked for', async () => {
    assert.deepEqual(await list({}), { ids: ids(made.slice(0, 10)), more: true });
    assert.deepEqual(await list({ limit: 100 }), { ids: ids(made), more: false });
  });

  it('says whether there is more, exactly', async () => {
    assert.equal((await list({ limit: COUNT })).more, false);
    assert.equal((await list({ limit: COUNT - 1 })).more, true);
  });

  it('takes 1 to 100 a page, and nothing else', async () => {
    assert.deepEqual((await list({ limit: 1 })).ids, [made[0]?.id]);
    for (const limit of [0, -1, 101, 1.5]) assert.equal(await refused({ limit }), 'limit', `${limit}`);
  });

  it('holds exactly what was created in the range, whichever of its four edges are named', async () => {
    const edge = fc.option(fc.integer({ min: -1, max: 11 }), { nil: undefined });
    await fc.assert(
      fc.asyncProperty(fc.record({ gt: edge, gte: edge, lt: edge, lte: edge }), async (edges) => {
        const created = Object.fromEntries(
          Object.entries(edges).flatMap(([name, at]) => (at === undefined ? [] : [[name, FIRST_SECOND + at]])),
        ) as { gt?: number; gte?: number; lt?: number; lte?: number };
        const { gt = -Infinity, gte = -Infinity, lt = Infinity, lte = Infinity } = created;
        const within = made.filter((row) => {
          const at = row.created;
          return at > gt && at >= gte && at < lt && at <= lte;
        });
        assert.deepEqual((await list({ created, limit: 100 })).ids, ids(within));
      }),
      { seed: SEED, numRuns: 100 },
    );
  });

  it('takes one second by itself', async () => {
    const { ids: found } = await list({ created: FIRST_SECOND + 4 });
    assert.deepEqual(found, ids(made.filter(({ created }) => created === FIRST_SECOND + 4)));
    assert.equal(found.length, 3);
  });

  it('goes on after a cursor, and back before one, without a gap or an overlap', async () => {
    const anyCursor = fc.record({ at: fc.nat(COUNT - 1), limit: fc.integer({ min: 1, max: 100 }) });
    await fc.assert(
      fc.asyncProperty(anyCursor, async ({ at, limit }) => {
        const cursor = made[at]?.id ?? '';
        const [newer, older] = [made.slice(0, at), made.slice(at + 1)];
        assert.deepEqual(await list({ starting_after: cursor, limit }), {
          ids: ids(older.slice(0, limit)),
          more: older.length > limit,
        });
        assert.deepEqual(await list({ ending_before: cursor, limit }), {
          ids: ids(newer.slice(-limit)),
          more: newer.length > limit,
        });
      }),
      { seed: SEED, numRuns: 60 },
    );
  });

  it('takes no cursor that is not in it', async () => {
    assert.equal(await refused({ starting_after: 'pi_nobody' }), 'starting_after');
    assert.equal(await refused({ ending_before: 'pi_nobody' }), 'ending_before');
  });

  it('is read whole by the client’s own paging, every intent once, at any page size', async () => {
    for (const limit of [1, 7, 10, 30, 100]) {
      const found: string[] = [];
      for await (const { id } of stripe.stripe.paymentIntents.list({ limit })) found.push(id);
      assert.deepEqual(found, ids(made), `${limit} a page`);
    }
  });

  it('stays whole while new ones are made: paging backwards misses none of the old', async () => {
    const first = await list({ limit: 10 });
    nowMs = T0 + 60 * SECOND;
    await stripe.stripe.paymentIntents.create({ amount: 1_000, currency: 'eur' });
    const second = await list({ limit: 100, starting_after: first.ids.at(-1) ?? '' });
    assert.deepEqual([...first.ids, ...second.ids], ids(made));
  });

  it('is cut by customer', async () => {
    const customer = (await stripe.stripe.customers.create({})).id;
    const { id } = await stripe.stripe.paymentIntents.create({ amount: 1_000, currency: 'eur', customer });
    assert.deepEqual((await list({ customer })).ids, [id]);
  });
});

describe('a list of events', () => {
  let stripe: Simulated;
  before(async () => {
    stripe = await Simulated.start();
    await stripe.stripe.paymentIntents.create(cardPayment());
    await stripe.stripe.customers.create({});
  });
  after(() => stripe?.stop());

  const list = async (params: Stripe.EventListParams) =>
    (await stripe.stripe.events.list(params)).data.map(({ type }) => type);

  it('is newest first, and cut by one type or by several', async () => {
    const all = ['customer.created', 'payment_intent.succeeded', 'charge.succeeded', 'payment_intent.created'];
    assert.deepEqual(await list({}), all);
    assert.deepEqual(await list({ type: 'charge.succeeded' }), ['charge.succeeded']);
    assert.deepEqual(await list({ types: ['charge.succeeded', 'customer.created'] }), [all[0], all[2]]);
    assert.deepEqual(await list({ types: ['charge.refunded'] }), []);
  });

  it('takes a list of types for one, and nothing else', async () => {
    await assert.rejects(list({ types: 'charge.succeeded' as never }), Stripe.errors.StripeInvalidRequestError);
  });
});

describe('a list while requests overtake each other', () => {
  it('is still in the order of creation: what was held up was created when it was carried out', async () => {
    let nowMs = T0;
    const stripe = await Simulated.start({ now: () => nowMs });
    try {
      await stripe.control.faults({ requests: [{ kind: 'hold_before', times: 1 }] });
      const create = (amount: number) => stripe.stripe.paymentIntents.create({ amount, currency: 'eur' });
      const heldUp = create(101);
      // The fault takes the first request it sees, so the second may go only once that one is there.
      await stripe.control.untilHeld();
      nowMs = T0 + 5 * SECOND;
      const overtaking = await create(102);
      nowMs = T0 + 9 * SECOND;
      await stripe.control.release();
      const { id, created } = await heldUp;
      assert.ok(created >= overtaking.created);
      const { data } = await stripe.stripe.paymentIntents.list();
      assert.deepEqual(
        data.map((intent) => intent.id),
        [id, overtaking.id],
      );
    } finally {
      await stripe.stop();
    }
  });
});
