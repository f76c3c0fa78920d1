import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import Stripe from 'stripe';
import { Inbox } from '../../support/inbox.js';
import { errorOf } from '../../support/refused.js';
import { Simulated } from '../../support/simulated.js';

let at: Simulated;
let inbox: Inbox;
beforeEach(async () => {
  [at, inbox] = await Promise.all([Simulated.start(), Inbox.start()]);
});
afterEach(async () => {
  await at.stop();
  await inbox.stop();
});

const endpoints = () => at.stripe.webhookEndpoints;
const create = (changes: Partial<Stripe.WebhookEndpointCreateParams> = {}) =>
  endpoints().create({ url: inbox.url, enabled_events: ['*'], ...changes });
const customer = (name: string) => at.stripe.customers.create({ name });
const names = () => inbox.mail.map(({ event }) => (event.data.object as Stripe.Customer).name);
/** Deliveries are planned with their event: once a later one has come, an earlier one that was planned has too. */
const untilThereIs = (name: string) => inbox.until(() => names().includes(name));

describe('a webhook endpoint that is made over the API', () => {
  it('is sent what happens, under the secret that it is told once', async () => {
    const { id, secret, ...made } = await create({ description: 'mine', metadata: { a: 'b' } });
    assert.match(secret ?? '', /^whsec_/);
    assert.deepEqual([made.status, made.description, made.metadata], ['enabled', 'mine', { a: 'b' }]);
    await customer('first');
    await untilThereIs('first');
    const [mail] = inbox.mail;
    const event = Stripe.webhooks.constructEvent(mail?.body ?? '', mail?.signature ?? '', secret ?? '');
    assert.equal(event.type, 'customer.created');
    for (const shown of [
      await endpoints().retrieve(id),
      await endpoints().update(id, { description: 'still mine' }),
      (await endpoints().list()).data[0],
    ]) {
      assert.equal(shown?.id, id);
      assert.ok(!('secret' in (shown ?? {})));
    }
  });

  it('is sent the types it asks for, and others once it asks for those', async () => {
    const { id } = await create({ enabled_events: ['customer.deleted'] });
    const { id: first } = await customer('asked for when deleted');
    await at.stripe.customers.del(first);
    await untilThereIs('asked for when deleted');
    await endpoints().update(id, { enabled_events: ['customer.created', 'charge.refunded'] });
    await customer('asked for');
    await untilThereIs('asked for');
    assert.deepEqual(
      inbox.mail.map(({ event }) => event.type),
      ['customer.deleted', 'customer.created'],
    );
  });

  it('is sent nothing while it is disabled, and what happens from when it is enabled again', async () => {
    const { id } = await create();
    assert.equal((await endpoints().update(id, { disabled: true })).status, 'disabled');
    await customer('while disabled');
    assert.equal((await endpoints().update(id, { disabled: false })).status, 'enabled');
    await customer('enabled');
    await untilThereIs('enabled');
    assert.deepEqual(names(), ['enabled']);
  });

  it('is sent nothing once it is deleted, and is not there', async () => {
    const [{ id }, { id: other }] = [await create(), await create()];
    assert.deepEqual({ ...(await endpoints().del(id)) }, { id, object: 'webhook_endpoint', deleted: true });
    await customer('later');
    await untilThereIs('later');
    assert.deepEqual(names(), ['later'], 'the other endpoint has it, once');
    for (const call of [endpoints().retrieve(id), endpoints().update(id, {}), endpoints().del(id)]) {
      const error = await errorOf(call);
      assert.deepEqual([error.statusCode, error.code], [404, 'resource_missing']);
    }
    assert.deepEqual(
      (await endpoints().list()).data.map((endpoint) => endpoint.id),
      [other],
    );
  });

  it('is sent events of its own version, and of the newest where it names none', async () => {
    const other = await Inbox.start();
    try {
      await create({ api_version: '2026-08-26.dahlia' });
      await create({ url: other.url });
      await customer('of a version');
      await untilThereIs('of a version');
      await other.until(({ mail }) => mail.length === 1);
      assert.deepEqual(
        [inbox.mail[0]?.event.api_version, other.mail[0]?.event.api_version],
        ['2026-08-26.dahlia', Stripe.API_VERSION],
      );
    } finally {
      await other.stop();
    }
  });

  it('sends to where it is moved', async () => {
    const { id } = await create({ url: 'http://127.0.0.1:1/nobody' });
    await endpoints().update(id, { url: inbox.url });
    await customer('moved');
    await untilThereIs('moved');
  });

  const REFUSED: readonly (readonly [what: string, params: object, param: string])[] = [
    ['for no type of event there is', { enabled_events: ['customer.sneezed'] }, 'enabled_events[0]'],
    ['for no events', { enabled_events: [] }, 'enabled_events'],
    ['at no URL', { url: 'somewhere' }, 'url'],
    ['at a URL of another kind', { url: 'ftp://127.0.0.1/' }, 'url'],
    ['in no version there is', { api_version: '2022-08-02' }, 'api_version'],
    ['with a secret of one’s own', { secret: 'whsec_mine' }, 'secret'],
  ];
  for (const [what, params, param] of REFUSED) {
    it(`is refused ${what}: ${param}`, async () => {
      const error = await errorOf(create(params));
      assert.deepEqual([error.statusCode, error.param], [400, param]);
      assert.deepEqual((await endpoints().list()).data, []);
    });
  }
});
