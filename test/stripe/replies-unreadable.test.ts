import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { after, before, beforeEach, describe, it } from 'node:test';
import { SECOND } from '../support/facts.js';
import { cardPayment, MeteredGateway } from '../support/metered-gateway.js';
import { answer, RawServer } from '../support/raw-server.js';
import { PATIENCE_MS } from '../support/until.js';

/** JSON that is not Stripe's: what a proxy, a load balancer or an API gateway says in Stripe's place. */
const NOT_STRIPES: readonly [status: number, body: string][] = [
  [200, '{}'],
  [200, '[]'],
  [200, '{"object":"list","data":[]}'],
  [200, '{"error":{"message":"x"}}'],
  [503, '{"message":"Service Unavailable"}'],
  [429, '{"message":"API rate limit exceeded"}'],
  [500, '{"error":null}'],
  [200, 'null'],
  [502, 'null'],
  [404, '{"error":"no route"}'],
  [408, '{"error":"timeout"}'],
  // The process dies of this one, so it stands last.
  [502, '"bad gateway"'],
];

describe('an answer that is JSON, and not Stripe’s', () => {
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

  for (const [status, body] of NOT_STRIPES) {
    it(`${status} ${body} is lost`, async () => {
      raw.respond = (socket) => answer(socket, status, body);
      assert.equal((await create()).kind, 'lost');
    });
  }

  it('an answer that trickles in for ever is lost when its time is up', { timeout: PATIENCE_MS }, async () => {
    metered = new MeteredGateway({ one: raw.base }, { timeoutMs: 300 });
    raw.respond = (socket: Socket) => {
      socket.write('HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n');
      const drip = setInterval(() => socket.write(' '), 50);
      socket.on('close', () => clearInterval(drip));
    };
    assert.equal((await create()).kind, 'lost');
  });

  const refuse = (socket: Socket) => answer(socket, 401, '{"error":{"type":"invalid_request_error","message":"Key"}}');

  it('401s to calls that were under way together are one refusal, and pause for a second', async () => {
    raw.respond = refuse;
    await Promise.all(Array.from({ length: 6 }, create));
    metered.nowMs += SECOND;
    assert.equal((await create()).kind, 'error', 'asked again after a second');
  });

  it('after a pause one call asks, and the others wait for what it is told', async () => {
    raw.respond = refuse;
    await create();
    metered.nowMs += SECOND;
    raw.reset();
    await Promise.all(Array.from({ length: 20 }, create));
    assert.equal(raw.requests.length, 1);
  });

  it('a decline proves the key good: the next pause begins again with a second', async () => {
    raw.respond = refuse;
    for (const seconds of [1, 2, 4]) {
      await create();
      metered.nowMs += seconds * SECOND;
    }
    raw.respond = (socket) => answer(socket, 402, '{"error":{"type":"card_error","code":"card_declined"}}');
    await create();
    raw.respond = refuse;
    await create();
    metered.nowMs += SECOND;
    assert.equal((await create()).kind, 'error', 'asked again after a second');
  });

  it('a decline without a decline code has none', async () => {
    raw.respond = (socket) => answer(socket, 402, '{"error":{"type":"card_error","code":"expired_card"}}');
    const reply = await create();
    assert.ok(reply.kind === 'error');
    assert.equal(reply.declineCode, null);
  });
});
