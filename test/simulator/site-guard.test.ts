import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { text } from 'node:stream/consumers';
import { after, before, describe, it } from 'node:test';
import { SIMULATOR_KEY } from '../../src/config/accounts.js';
import { Simulated } from '../support/simulated.js';

const JSON_STEP = JSON.stringify({ advance_ms: 1_000 });

/** One request with headers that `fetch` would not let anybody set. */
async function ask(base: string, method: string, path: string, headers: Record<string, string>, body = '') {
  const sent = request(`${base}${path}`, { method, headers });
  sent.end(body);
  const [res] = (await once(sent, 'response')) as [IncomingMessage];
  return { status: res.statusCode, text: await text(res) };
}

/** A `GET` of a target as it is, which `URL` might not take. */
async function askTarget(base: string, target: string, headers: Record<string, string>) {
  const { hostname, port } = new URL(base);
  const sent = request({ hostname, port, path: target, headers });
  sent.end();
  const [res] = (await once(sent, 'response')) as [IncomingMessage];
  return { status: res.statusCode, text: await text(res) };
}

describe('a simulator on loopback', () => {
  let stripe: Simulated;
  let own: string;
  before(async () => {
    stripe = await Simulated.start();
    own = new URL(stripe.base).host;
  });
  after(() => stripe?.stop());

  const offset = async () => (await stripe.control.clock()).offset_ms;
  const port = () => own.split(':')[1];

  it('lets no page of another site change anything: 403', async () => {
    const foreign: Record<string, string>[] = [
      { origin: 'http://evil.example' },
      { origin: 'null' },
      { origin: `https://${own}.evil.example` },
      { origin: 'http://localhost:3000' },
      { origin: 'http://127.0.0.1:1' },
      { 'sec-fetch-site': 'cross-site' },
      { 'sec-fetch-site': 'same-site' },
      { origin: `http://${own}`, 'sec-fetch-site': 'cross-site' },
    ];
    const before = await offset();
    for (const headers of foreign) {
      const said = JSON.stringify(headers);
      const { status, text: answer } = await ask(stripe.base, 'POST', '/_simulator/clock', headers, JSON_STEP);
      assert.equal(status, 403, said);
      assert.match(answer, /may change nothing here/, said);
      assert.equal((await ask(stripe.base, 'PUT', '/_simulator/faults', headers, '{}')).status, 403, said);
      assert.equal((await ask(stripe.base, 'DELETE', '/_simulator/limits', headers)).status, 403, said);
      assert.equal((await ask(stripe.base, 'POST', '/_simulator/page/clock', headers, 'step=1s')).status, 403, said);
    }
    assert.equal(await offset(), before);
  });

  it('answers nothing under a name that was rebound to it: 403, to read as to write', async () => {
    const before = await offset();
    for (const host of ['evil.example', `evil.example:${port()}`, `localhost.evil.example:${port()}`, '10.0.0.1']) {
      for (const path of ['/_simulator/', '/_simulator/objects', '/_simulator/stream']) {
        assert.equal((await ask(stripe.base, 'GET', path, { host })).status, 403, `${host} ${path}`);
      }
      assert.equal((await ask(stripe.base, 'GET', '/', { host, accept: 'text/html' })).status, 403, host);
      const same = { host, origin: `http://${host}`, 'sec-fetch-site': 'same-origin' };
      assert.equal((await ask(stripe.base, 'POST', '/_simulator/clock', same, JSON_STEP)).status, 403, host);
    }
    assert.equal(await offset(), before);
  });

  it('serves its own page, and whatever is no browser', async () => {
    for (const host of [own, `localhost:${port()}`, `[::1]:${port()}`, `127.1.2.3:${port()}`]) {
      const same = { host, origin: `http://${host}`, 'sec-fetch-site': 'same-origin' };
      assert.equal((await ask(stripe.base, 'POST', '/_simulator/clock', same, JSON_STEP)).status, 200, host);
      assert.equal((await ask(stripe.base, 'POST', '/_simulator/clock', { host }, JSON_STEP)).status, 200, host);
    }
  });

  it('is Stripe to everybody else: a key is asked for there', async () => {
    const headers = { host: 'api.stripe.example', origin: 'http://shop.example' };
    assert.equal((await ask(stripe.base, 'GET', '/v1/customers', headers)).status, 401);
  });

  it('answers a target that is no path as Stripe would, and not with a trouble of its own', async () => {
    const headers = { authorization: `Bearer ${SIMULATOR_KEY}` };
    for (const [path, status, says] of [
      ['//', 404, /Unrecognized request URL \(GET: \/\/\)/],
      ['//v1/customers', 404, /Unrecognized request URL/],
      ['///?a=b', 404, /Unrecognized request URL/],
      ['/v1/%', 404, /Unrecognized request URL/],
      ['http://', 400, /no URL/],
      ['http://[/v1/customers', 400, /no URL/],
      [`http://${own}/v1/customers`, 200, /"object":"list"/],
    ] as const) {
      const answer = await askTarget(stripe.base, path, headers);
      assert.equal(answer.status, status, path);
      assert.match(answer.text, says, path);
    }
  });

  it('leads a customer who comes from a shop to the page of their bank', async () => {
    const fromShop = { 'sec-fetch-site': 'cross-site' };
    assert.equal((await ask(stripe.base, 'GET', '/_simulator/authenticate/pi_1', fromShop)).status, 404);
  });
});

describe('a simulator that others reach', () => {
  let stripe: Simulated;
  before(async () => {
    stripe = await Simulated.start({ host: '0.0.0.0', names: ['simulator', 'sim.test'] });
  });
  after(() => stripe?.stop());

  const step = (headers: Record<string, string>) =>
    ask(stripe.base, 'POST', '/_simulator/clock', headers, JSON_STEP).then(({ status }) => status);

  it('goes by the names it was given, by loopback’s and by addresses, which cannot be rebound', async () => {
    for (const host of [
      'simulator:12111',
      'Sim.Test',
      'localhost:1',
      '127.0.0.1',
      '10.0.0.7:12111',
      '[2001:db8::1]:1',
    ]) {
      assert.equal(await step({ host }), 200, host);
      assert.equal(await step({ host, origin: `http://${host.toLowerCase()}` }), 200, host);
    }
  });

  it('answers its page and controls under no other name: 403, with the way out', async () => {
    for (const host of ['evil.example', 'simulator.evil.example:12111', 'sim', '10.0.0.7.evil.example']) {
      const { status, text: answer } = await ask(stripe.base, 'DELETE', '/_simulator/faults', { host });
      assert.equal(status, 403, host);
      assert.match(answer, /--hosts/);
      assert.equal((await ask(stripe.base, 'GET', '/', { host, accept: 'text/html' })).status, 403, host);
      assert.equal((await ask(stripe.base, 'GET', '/v1/customers', { host })).status, 401, 'Stripe goes by any');
    }
  });

  it('still lets no page of another site change anything', async () => {
    assert.equal(await step({ host: 'simulator:12111', origin: 'http://evil.example' }), 403);
  });
});
