import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { SIMULATOR_KEY } from '../../../src/config/accounts.js';
import { Poster } from '../../../src/simulator/delivery/posting.js';
import type { StripeEvent } from '../../../src/simulator/objects/event.js';
import { accountId } from '../../../src/simulator/requests/incoming.js';
import { HOUR } from '../../support/facts.js';
import { Inbox } from '../../support/inbox.js';
import { freePort } from '../../support/process.js';
import { Simulated } from '../../support/simulated.js';
import { until } from '../../support/until.js';

const SECRET = 'whsec_of_the_inbox';

let server: Server;
let answer: RequestListener;
let url: string;
beforeEach(async () => {
  server = createServer((req, res) => answer(req, res));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/hooks?of=them`;
});
afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

describe('a webhook’s attempt', () => {
  let poster: Poster;
  beforeEach(() => {
    poster = new Poster();
  });
  afterEach(() => poster.stop());

  const EVENT: StripeEvent = {
    id: 'evt_1',
    object: 'event',
    api_version: '2026-10-28.endive',
    created: 1,
    data: { object: { id: 'cus_1', object: 'customer', name: 'Zoë 🦦' } },
    livemode: false,
    pending_webhooks: 1,
    request: { id: 'req_1', idempotency_key: null },
    type: 'customer.created',
  };
  const post = () => poster.post({ url, secret: SECRET, api_version: null }, EVENT);

  it('posts the event whole, to the path and query of the URL', async () => {
    const came: unknown[] = [];
    answer = async (req, res) => {
      const chunks: Buffer[] = [];
      for await (const chunk of req) chunks.push(chunk);
      came.push(req.method, req.url, JSON.parse(Buffer.concat(chunks).toString('utf8')));
      res.writeHead(201).end('thanks');
    };
    assert.equal(await post(), 201);
    assert.deepEqual(came, ['POST', '/hooks?of=them', EVENT]);
  });

  it('has no status where nobody answers, or breaks off, or the URL is of no kind that can be asked', async () => {
    answer = (_, res) => res.destroy();
    assert.equal(await post(), null);
    answer = (_, res) => {
      res.writeHead(200, { 'content-length': 10 }).write('half');
      setImmediate(() => res.destroy());
    };
    assert.equal(await post(), null);
    url = `http://127.0.0.1:${await freePort()}/`;
    assert.equal(await post(), null);
    for (url of ['ftp://127.0.0.1/', 'no URL']) assert.equal(await post(), null);
  });

  it('takes the connection that the one before it left', async () => {
    let connections = 0;
    server.on('connection', () => {
      connections += 1;
    });
    answer = (_, res) => res.end();
    for (let n = 0; n < 5; n += 1) assert.equal(await post(), 200);
    assert.equal(connections, 1);
  });

  it('has no status where it is cut off', async () => {
    answer = () => poster.stop();
    assert.equal(await post(), null);
  });
});

describe('a redirect', () => {
  for (const status of [301, 302, 303, 307, 308]) {
    it(`with ${status} is not followed: it is a failure, and is tried again where it was`, async () => {
      const inbox = await Inbox.start();
      const stripe = await Simulated.start({ firstRetryMs: HOUR });
      try {
        answer = (_, res) => res.writeHead(status, { location: inbox.url }).end();
        await stripe.sendWebhooksTo(url, SECRET);
        await stripe.stripe.customers.create({});
        const delivery = () => stripe.simulator.store.all(accountId(SIMULATOR_KEY), 'deliveries')[0];
        await until(() => delivery()?.attempts === 1);
        assert.deepEqual([delivery()?.state, delivery()?.lastStatus], ['pending', status]);
        assert.equal(inbox.mail.length, 0);
        answer = (_, res) => res.end();
        await stripe.control.advance(2 * HOUR);
        await until(() => delivery()?.state === 'delivered');
        assert.equal(inbox.mail.length, 0);
      } finally {
        await stripe.stop();
        await inbox.stop();
      }
    });
  }
});
