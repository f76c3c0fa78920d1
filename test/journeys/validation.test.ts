import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { aPayment, type ProblemBody } from '../support/api-client.js';
import { Stack } from '../support/stack.js';

const CARD = '4242424242424242';

describe('bad input', () => {
  let stack: Stack;
  before(async () => {
    stack = await Stack.start({ env: { LOG_LEVEL: 'trace' } });
  });
  after(() => stack?.stop());

  const post = (body: unknown) => stack.api.call<ProblemBody>('POST', '/v1/payments', body);

  const bad: [what: string, change: Record<string, unknown>, path: string][] = [
    ['an unknown field', { amuont: 1 }, 'amuont'],
    ['a negative amount', { amount: -1 }, 'amount'],
    ['a zero amount', { amount: 0 }, 'amount'],
    ['a fractional amount', { amount: 10.5 }, 'amount'],
    ['a huge amount', { amount: 100_000_000 }, 'amount'],
    ['an amount beyond integers', { amount: 1e300 }, 'amount'],
    ['an amount in quotes', { amount: '10' }, 'amount'],
    ['no amount', { amount: undefined }, 'amount'],
    ['a bad currency', { currency: 'euros' }, 'currency'],
    ['a currency in upper case', { currency: 'EUR' }, 'currency'],
    ['a bad merchant', { merchant: 'a.b' }, 'merchant'],
    ['an empty merchant', { merchant: '' }, 'merchant'],
    ['a bad reference', { reference: 'a b' }, 'reference'],
    ['a long reference', { reference: 'x'.repeat(65) }, 'reference'],
    ['a reference that climbs', { reference: '../x' }, 'reference'],
    ['a payment method that is no token', { payment_method: 'visa' }, 'payment_method'],
    ['a bad country', { country: 'deu' }, 'country'],
    ['a priority nobody knows', { priority: 'urgent' }, 'priority'],
    ['an expires_at that has passed', { expires_at: 1_000_000_000 }, 'expires_at'],
    ['an expires_at far ahead', { expires_at: 9_000_000_000 }, 'expires_at'],
    ['a return_url that is no URL', { return_url: 'javascript:alert(1)' }, 'return_url'],
    ['metadata that is no text', { metadata: { a: 1 } }, 'metadata.a'],
    ["metadata under Penstock's own prefix", { metadata: { penstock_workflow: 'x' } }, 'metadata.penstock_workflow'],
    ['a card number in description', { description: `card ${CARD} please` }, 'description'],
    ['a card number in groups', { description: '4242 4242-4242 4242' }, 'description'],
    ['a card number as a reference', { reference: CARD }, 'reference'],
    ['a card number in metadata', { metadata: { note: CARD } }, 'metadata.note'],
    ['a card number as a key', { metadata: { [CARD]: 'x' } }, 'metadata.[masked]'],
    ['a card number as an unknown field', { [CARD]: 'x' }, '[masked]'],
    ['a check code', { metadata: { cvc: '123' } }, 'metadata.cvc'],
    ['a check code in text', { description: 'cvv: 123' }, 'description'],
  ];
  for (const [what, change, path] of bad) {
    it(`${what} is 422 at ${path}`, async () => {
      const answer = await post({ ...aPayment(), ...change });
      assert.equal(answer.status, 422, JSON.stringify(answer.body));
      assert.match(answer.headers.get('content-type') ?? '', /^application\/problem\+json/);
      assert.ok(
        answer.body.errors?.some((e) => e.path === path),
        JSON.stringify(answer.body.errors),
      );
      assert.ok(!JSON.stringify(answer.body).includes('42424242'));
    });
  }

  it('a card number does not hide the other errors', async () => {
    const answer = await post({ ...aPayment(), amount: -1, payment_method: CARD });
    assert.deepEqual(answer.body.errors?.map((e) => e.path).sort(), ['amount', 'payment_method']);
  });

  it('several errors are named together', async () => {
    const answer = await post({ merchant: 'a b', amount: -1 });
    const paths = answer.body.errors?.map((e) => e.path) ?? [];
    for (const path of ['merchant', 'reference', 'amount', 'currency', 'payment_method'])
      assert.ok(paths.includes(path));
  });

  it('malformed JSON is 422 at the root, and nothing of it comes back', async () => {
    for (const body of ['{"amount": 4242424242424242', 'null', '[]', '"x"', '4242424242424242']) {
      const answer = await post(body);
      assert.equal(answer.status, 422, body);
      assert.ok(
        answer.body.errors?.some((e) => e.path === ''),
        JSON.stringify(answer.body),
      );
      assert.ok(!JSON.stringify(answer.body).includes('42424242'));
    }
  });

  it('a body beyond the limit is 413', async () => {
    const answer = await post({ ...aPayment(), description: 'x'.repeat(100_000) });
    assert.equal(answer.status, 413);
  });

  it('a bad query is 422 with its path', async () => {
    const cases = [
      ['/v1/payments?limit=0', 'limit'],
      ['/v1/payments?limit=1000', 'limit'],
      ['/v1/payments?status=gone', 'status'],
      ["/v1/payments?merchant=x'%20OR%20'1", 'merchant'],
      ['/v1/payments?cursor=bm9uc2Vuc2U', 'cursor'],
      ['/v1/payments?frobnicate=1', 'frobnicate'],
      ['/v1/payments/pay.a.b?wait=1000', 'wait'],
    ];
    for (const [path = '', field] of cases) {
      const answer = await stack.api.call<ProblemBody>('GET', path);
      assert.equal(answer.status, 422, path);
      assert.equal(answer.body.errors?.[0]?.path, field);
    }
  });

  it('a route nobody knows is a problem too', async () => {
    const answer = await stack.api.call<ProblemBody>('GET', '/v1/nothing');
    assert.equal(answer.status, 404);
    assert.equal(answer.body.code, 'not_found');
  });

  it('no card number is in any log or history', async () => {
    for (const part of [stack.apiPart, stack.workerPart]) assert.ok(!part.output.includes('42424242'), part.name);
    const { body } = await stack.api.create(aPayment());
    const database = stack.temporalServer.written();
    assert.ok(!database.includes(CARD));
    assert.ok(database.includes(body.id), 'what is taken is in it');
  });

  it('the OpenAPI document is served and names every route of payments', async () => {
    const { status, body } = await stack.api.call<{ openapi: string; paths: Record<string, unknown> }>(
      'GET',
      '/openapi.json',
    );
    assert.equal(status, 200);
    assert.equal(body.openapi, '3.1.0');
    for (const path of ['/v1/payments', '/v1/payments/{id}', '/v1/payments/{id}/cancel']) assert.ok(body.paths[path]);
  });

  it('answers carry the headers of a careful server', async () => {
    const { headers } = await stack.api.call('GET', '/health/live');
    assert.equal(headers.get('x-content-type-options'), 'nosniff');
    assert.equal(headers.get('x-powered-by'), null);
  });

  it('a connection is kept for longer than load balancers keep theirs', async () => {
    const { headers } = await stack.api.call('GET', '/health/live');
    assert.equal(headers.get('keep-alive'), 'timeout=75');
  });
});

describe('API keys', () => {
  let stack: Stack;
  before(async () => {
    stack = await Stack.start({
      env: { PENSTOCK_API_KEYS: 'key-number-one-1,key-number-two-2' },
      without: ['worker', 'simulator'],
    });
  });
  after(() => stack?.stop());

  it('are asked for where they are set, on payments and not on health or webhooks', async () => {
    const call = (headers: Record<string, string>) =>
      stack.api.call<ProblemBody>('GET', '/v1/payments', undefined, headers);
    assert.equal((await call({})).status, 401);
    assert.equal((await call({ authorization: 'Bearer nonsense' })).status, 401);
    assert.equal((await call({ authorization: 'Bearer key-number-one-' })).status, 401);
    assert.equal((await call({ authorization: 'Bearer key-number-one-1' })).status, 200);
    assert.equal((await call({ authorization: 'Bearer key-number-two-2' })).status, 200);
    assert.equal((await stack.api.call('GET', '/health/ready')).status, 200);
    assert.equal((await stack.api.call('POST', '/webhooks/stripe/default', '{}')).status, 400);
  });

  it('a worker that is away takes nothing from a reading: what Temporal knows is shown', async () => {
    const headers = { authorization: 'Bearer key-number-one-1' };
    const taken = await stack.api.call<{ id: string }>('POST', '/v1/payments', aPayment(), headers);
    assert.equal(taken.status, 202);
    const read = await stack.api.call<{ status: string; stale: boolean }>(
      'GET',
      `/v1/payments/${taken.body.id}`,
      undefined,
      headers,
    );
    assert.deepEqual([read.status, read.body.status, read.body.stale], [200, 'processing', true]);
  });
});
