import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import fc from 'fast-check';
import Stripe from 'stripe';
import { NotSentError } from '../../src/stripe/classify.js';
import { TransportError } from '../../src/stripe/http-client.js';
import { answerOf } from '../../src/stripe/meter.js';
import { SEED } from '../support/any-fact.js';
import { cardPayment, MeteredGateway } from '../support/metered-gateway.js';
import { freePort } from '../support/process.js';
import { answer, RawServer } from '../support/raw-server.js';

const error = (type: string) => JSON.stringify({ error: { type, message: 'no' } });
const refusal = (status: number, headers: Record<string, string> = {}) =>
  Stripe.errors.StripeError.generate({ type: 'api_error', statusCode: status, headers, message: 'no' } as never);

describe('every request to Stripe', () => {
  let raw: RawServer;
  let metered: MeteredGateway;
  before(async () => {
    raw = await RawServer.start();
  });
  beforeEach(() => {
    metered = new MeteredGateway({ one: raw.base });
  });
  afterEach(() => raw.reset());
  after(() => raw?.stop());

  const create = (gateway = metered) => gateway.gateway.createIntent('one', cardPayment(), gateway.write());

  it('is counted once when it is written and once when it is over, with what came of it', async () => {
    const intent = JSON.stringify({ id: 'pi_1', object: 'payment_intent', status: 'succeeded', metadata: {} });
    const limited = { 'stripe-rate-limited-reason': 'endpoint-rate' };
    const cases: [respond: RawServer['respond'], outcome: string, cause: string][] = [
      [(socket) => answer(socket, 200, intent), 'ok', ''],
      [(socket) => answer(socket, 402, error('card_error')), 'declined', ''],
      [(socket) => answer(socket, 400, error('invalid_request_error')), 'invalid', ''],
      [(socket) => answer(socket, 409, error('idempotency_error')), 'conflict', ''],
      [(socket) => answer(socket, 429, error('invalid_request_error'), limited), 'throttled', 'endpoint-rate'],
      [(socket) => answer(socket, 429, error('invalid_request_error')), 'throttled', 'lock_timeout'],
      [(socket) => answer(socket, 500, error('api_error')), 'server_error', ''],
      [(socket) => socket.resetAndDestroy(), 'lost', ''],
    ];
    for (const [respond] of cases) {
      raw.respond = respond;
      await create();
    }
    assert.equal(metered.metered.length, cases.length);
    assert.deepEqual(
      metered.answers,
      cases.map(([, outcome, cause]) => ({ account: 'one', endpoint: 'payment_intents.create', outcome, cause })),
    );
  });

  it('that nobody takes is counted as one that did not connect', async () => {
    const nobody = new MeteredGateway({ one: `http://127.0.0.1:${await freePort()}` });
    await create(nobody);
    assert.equal(nobody.metered.length, 1);
    assert.deepEqual(
      nobody.answers.map(({ outcome }) => outcome),
      ['not_connected'],
    );
  });

  it('that the guard keeps back is none', async () => {
    const write = metered.write({ deadlineMs: metered.nowMs - 1 });
    const reply = await metered.gateway.createIntent('one', cardPayment(), write);
    assert.equal(reply.kind, 'not_sent');
    assert.deepEqual([metered.metered, metered.answers], [[], []]);
  });
});

describe('answerOf', () => {
  it("has a label for every status there is, and a 429's cause for a 429 alone", () => {
    const outcomes = new Set(['declined', 'invalid', 'refused', 'conflict', 'throttled', 'server_error']);
    for (let status = 400; status < 600; status += 1) {
      const told = answerOf(refusal(status));
      assert.ok(outcomes.has(told?.outcome ?? ''), `${status}`);
      assert.equal(told?.outcome === 'throttled', status === 429);
      assert.equal(told?.cause === '', status !== 429);
    }
  });

  it('knows every limiter by name, and lets no other text become a label', () => {
    const known = ['global-rate', 'endpoint-rate', 'global-concurrency', 'endpoint-concurrency', 'resource-specific'];
    for (const reason of known) {
      assert.equal(answerOf(refusal(429, { 'stripe-rate-limited-reason': reason }))?.cause, reason);
    }
    fc.assert(
      fc.property(fc.string(), (reason) => {
        if (known.includes(reason)) return;
        assert.equal(answerOf(refusal(429, { 'stripe-rate-limited-reason': reason }))?.cause, 'other');
      }),
      { seed: SEED },
    );
  });

  it('says nothing of what was never written, and lost of whatever it does not know', () => {
    assert.equal(answerOf(new NotSentError('past_deadline')), null);
    assert.equal(answerOf(new TransportError(false, 'ECONNREFUSED'))?.outcome, 'not_connected');
    for (const what of [new Error('anything'), new TransportError(true, 'EPIPE'), null, undefined, 'text']) {
      assert.deepEqual(answerOf(what), { outcome: 'lost', cause: '' });
    }
  });
});
