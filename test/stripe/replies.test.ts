import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import fc from 'fast-check';
import type { Reply } from '../../src/domain/outcome.js';
import { SEED } from '../support/any-fact.js';
import { cardPayment, MeteredGateway } from '../support/metered-gateway.js';
import { freePort } from '../support/process.js';
import { answer, RawServer } from '../support/raw-server.js';
import { Simulated } from '../support/simulated.js';

/** Short enough to wait for, where no answer comes; any other has all the time that a busy machine takes. */
const TIMEOUT_MS = 250;
const TOO_LATE = 'no answer in time';

const page = '<html><body>502 Bad Gateway</body></html>';
const half = (socket: Socket) =>
  socket.write('HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{"id": "pi_1", "obj');

describe('an exchange that did not come whole', () => {
  let raw: RawServer;
  let metered: MeteredGateway;
  before(async () => {
    raw = await RawServer.start();
  });
  beforeEach(() => {
    raw.reset();
    metered = new MeteredGateway({ one: raw.base });
  });
  after(() => raw?.stop());

  const create = () => metered.gateway.createIntent('one', cardPayment(), metered.write());

  /** Stripe may have acted on each of these, so none may pass for a refusal, and none is repeated behind our back. */
  const LOST: readonly [name: string, respond: (socket: Socket) => unknown, why: string][] = [
    ['no answer in time', () => undefined, TOO_LATE],
    ['a reset after the request was read', (socket) => socket.resetAndDestroy(), 'ECONNRESET'],
    ['an empty reply', (socket) => socket.end(), 'ECONNRESET'],
    ['half a status line', (socket) => socket.end('HTTP/1.1 2'), 'ECONNRESET'],
    ['something that is not HTTP', (socket) => socket.end('220 mail.example.com ESMTP\r\n'), 'connection lost'],
    ['a body cut off by an end', (socket) => half(socket) && socket.end(), 'connection lost'],
    ['a body cut off by a reset', (socket) => half(socket) && socket.resetAndDestroy(), 'connection lost'],
    ['a body that stops coming', (socket) => half(socket), TOO_LATE],
    ['a body that is not JSON', (socket) => answer(socket, 200, 'OK'), 'unreadable answer'],
    ['an empty body', (socket) => answer(socket, 200, ''), 'unreadable answer'],
    ["a proxy's 502 page", (socket) => answer(socket, 502, page, { 'content-type': 'text/html' }), 'unreadable answer'],
    // Only Stripe's own word is a refusal: what stands between us may have passed the request on before it spoke.
    ["a proxy's 400 page", (socket) => answer(socket, 400, page, { 'content-type': 'text/html' }), 'unreadable answer'],
    ["a proxy's 401 page", (socket) => answer(socket, 401, page, { 'content-type': 'text/html' }), 'unreadable answer'],
    ['a redirect', (socket) => answer(socket, 302, '', { location: 'https://elsewhere.test/' }), 'unreadable answer'],
  ];
  for (const [name, respond, why] of LOST) {
    it(`${name} is lost, after one request that was metered once`, async () => {
      if (why === TOO_LATE) metered = new MeteredGateway({ one: raw.base }, { timeoutMs: TIMEOUT_MS });
      raw.respond = respond;
      assert.deepEqual(await create(), { kind: 'lost', why });
      assert.equal(raw.requests.length, 1);
      assert.equal(raw.connections, 1);
      assert.deepEqual(metered.metered, [{ account: 'one', endpoint: 'payment_intents.create' }]);
    });
  }

  it('a connection that ends before the request was read is lost, and never opened a second time', async () => {
    // Nobody here can tell how much of the request Stripe had read.
    raw.accept = (socket) => socket.resetAndDestroy();
    assert.deepEqual(await create(), { kind: 'lost', why: 'ECONNRESET' });
    assert.equal(raw.connections, 1);
    assert.equal(metered.metered.length, 1);
  });

  it('a connection that ends amid a long request is lost, and never opened a second time', async () => {
    // Depending on who is first, the client meets ECONNRESET or EPIPE: stripe-node would repeat either.
    raw.accept = (socket) => socket.once('data', () => socket.resetAndDestroy());
    const reply = await metered.gateway.createIntent(
      'one',
      cardPayment({ description: 'x'.repeat(20_000_000) }),
      metered.write(),
    );
    assert.equal(reply.kind, 'lost');
    assert.equal(raw.connections, 1);
    assert.equal(metered.metered.length, 1);
  });

  it('a kept connection that Stripe closes under the second request is lost, and not tried again', async () => {
    raw.respond = (socket, _, count) =>
      count === 1 ? answer(socket, 500, '{"error":{"type":"api_error"}}') : socket.resetAndDestroy();
    assert.equal((await create()).kind, 'error');
    assert.deepEqual(await create(), { kind: 'lost', why: 'ECONNRESET' });
    assert.deepEqual([raw.connections, raw.requests.length, metered.metered.length], [1, 2, 2]);
  });

  it('a connection nobody takes was never written to: not sent', async () => {
    const nobody = new MeteredGateway({ one: `http://127.0.0.1:${await freePort()}` });
    const reply = await nobody.gateway.createIntent('one', cardPayment(), nobody.write());
    assert.deepEqual(reply, { kind: 'not_sent', why: 'connection_refused' });
  });

  it('a host that has no address, or several that nobody takes, was never written to: not sent', async () => {
    for (const base of ['http://no-such-host.invalid:1', `http://localhost:${await freePort()}`]) {
      const nobody = new MeteredGateway({ one: base });
      const reply = await nobody.gateway.createIntent('one', cardPayment(), nobody.write());
      assert.deepEqual(reply, { kind: 'not_sent', why: 'connection_refused' }, base);
    }
  });

  it('an invitation to try again is not taken up: repeats are the workflow’s decision', async () => {
    for (const status of [409, 429, 500, 503]) {
      raw.reset();
      raw.respond = (socket) =>
        answer(socket, status, '{"error":{"type":"api_error"}}', { 'stripe-should-retry': 'true' });
      assert.equal((await create()).kind, 'error');
      assert.equal(raw.requests.length, 1, `${status}`);
    }
  });

  it('whatever becomes of a run of calls, each was one request at the server and one at the meter', async () => {
    const ways: ((socket: Socket) => unknown)[] = [
      (socket) => answer(socket, 402, '{"error":{"type":"card_error"}}'),
      (socket) => answer(socket, 500, '{"error":{"type":"api_error"}}'),
      (socket) => answer(socket, 502, page),
      (socket) => socket.resetAndDestroy(),
      (socket) => socket.end(),
      (socket) => half(socket) && socket.end(),
    ];
    const anyRun = fc.array(fc.constantFrom(...ways), { minLength: 1, maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(anyRun, async (run) => {
        raw.reset();
        const before = metered.metered.length;
        raw.respond = (socket, _, count) => run[count - 1]?.(socket);
        for (let i = 0; i < run.length; i += 1) await create();
        assert.equal(raw.requests.length, run.length);
        assert.equal(metered.metered.length - before, run.length);
      }),
      { seed: SEED, numRuns: 60 },
    );
  });
});

describe("Stripe's own refusals", () => {
  let stripe: Simulated;
  let metered: MeteredGateway;
  before(async () => {
    stripe = await Simulated.start();
    metered = new MeteredGateway({ one: stripe.base });
  });
  afterEach(() => stripe.control.noFaults());
  after(() => stripe?.stop());

  const create = (changes = {}, write = metered.write()) =>
    metered.gateway.createIntent('one', cardPayment(changes), write);

  /** The reply as an error, or a failure that shows what it was. */
  function refused(reply: Reply): Extract<Reply, { kind: 'error' }> {
    assert.ok(reply.kind === 'error', JSON.stringify(reply));
    return reply;
  }

  it('a decline carries its codes and the intent as it then stands', async () => {
    const reply = refused(await create({ payment_method: 'pm_card_visa_chargeDeclinedInsufficientFunds' }));
    assert.deepEqual(
      [reply.status, reply.type, reply.code, reply.declineCode],
      [402, 'card_error', 'card_declined', 'insufficient_funds'],
    );
    const { object: intent } = reply;
    assert.equal(intent?.status, 'requires_payment_method');
    assert.match(intent?.errorCharge ?? '', /^ch_/);
    assert.match(intent?.errorPaymentMethod ?? '', /^pm_/);
    assert.deepEqual(intent?.failure, {
      kind: 'declined',
      code: 'card_declined',
      decline_code: 'insufficient_funds',
      message: 'Your card has insufficient funds.',
    });
  });

  it('a decline that is asked for again is the same decline, replayed', async () => {
    const write = metered.write();
    const declined = { payment_method: 'pm_card_chargeDeclined' };
    const [first, again] = [refused(await create(declined, write)), refused(await create(declined, write))];
    assert.deepEqual([first.replayed, again.replayed], [false, true]);
    assert.deepEqual({ ...again, replayed: false }, first);
  });

  it('a 500 is told as one, and its repeat as the stored one that no repeat will cure', async () => {
    await stripe.control.faults({ requests: [{ kind: 'error_after', times: 1 }] });
    const write = metered.write();
    const [first, again] = [refused(await create({}, write)), refused(await create({}, write))];
    assert.deepEqual([first.status, first.replayed], [500, false]);
    assert.deepEqual([again.status, again.replayed], [500, true]);
    assert.equal(again.object, null);
  });

  it('a 400 names its code', async () => {
    const reply = refused(await create({ amount: 49 }));
    assert.deepEqual([reply.status, reply.code, reply.object], [400, 'amount_too_small', null]);
  });

  it('a 404 names its code', async () => {
    const reply = refused(await metered.gateway.retrieveIntent('one', 'pi_nobody'));
    assert.deepEqual([reply.status, reply.code], [404, 'resource_missing']);
  });

  it('a key used for something else is an idempotency error', async () => {
    const write = metered.write();
    await create({}, write);
    const reply = refused(await create({ amount: 4_300 }, write));
    assert.deepEqual([reply.status, reply.type, reply.replayed], [400, 'idempotency_error', false]);
  });

  it('a 409 says that the key is in use', async () => {
    await stripe.control.faults({
      requests: [{ kind: 'reject', status: 409, code: 'idempotency_key_in_use', times: 1 }],
    });
    const reply = refused(await create());
    assert.deepEqual([reply.status, reply.code], [409, 'idempotency_key_in_use']);
  });

  const REASONS = [
    'global-rate',
    'endpoint-rate',
    'global-concurrency',
    'endpoint-concurrency',
    'resource-specific',
    // A limiter Stripe may add: its name must come through.
    'lunar-phase',
  ];
  for (const reason of REASONS) {
    it(`a 429 says whose limit it was: ${reason}`, async () => {
      await stripe.control.faults({ requests: [{ kind: 'reject', reason, times: 1 }] });
      const reply = refused(await create());
      assert.deepEqual([reply.status, reply.rateLimitedReason], [429, reason]);
    });
  }

  it('a 429 of no limiter has no reason: two calls met on one object', async () => {
    await stripe.control.faults({ requests: [{ kind: 'reject', times: 1 }] });
    const reply = refused(await create());
    assert.deepEqual([reply.status, reply.code, reply.rateLimitedReason], [429, 'lock_timeout', null]);
  });
});
