import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { aPayment, type ProblemBody, passed, soon } from '../support/api-client.js';
import { Stack } from '../support/stack.js';

describe('one reference, one payment', () => {
  let stack: Stack;
  before(async () => {
    stack = await Stack.start();
  });
  after(() => stack?.stop());

  it('the same request ten times at once is one payment and one charge, and again after it closed', async () => {
    const request = aPayment();
    const answers = await Promise.all(Array.from({ length: 10 }, () => stack.api.create(request)));
    const statuses = answers.map((a) => a.status).sort();
    assert.deepEqual(statuses, [...Array(9).fill(200), 202]);
    assert.equal(new Set(answers.map((a) => a.body.id)).size, 1);
    const id = answers[0]?.body.id ?? '';
    await stack.api.until(id, (p) => p.final);
    await stack.closed(id);
    const again = await stack.api.create(request);
    assert.equal(again.status, 200);
    assert.equal(again.body.status, 'succeeded');
    assert.equal((await stack.chargesOf(id)).length, 1);
    assert.equal((await stack.intentsOf(id)).length, 1);
  });

  it('the order of keys and defaults spelled out make no other request', async () => {
    const request = aPayment({ metadata: { a: '1', b: '2' } });
    await stack.api.create(request);
    const reversed = Object.fromEntries(Object.entries({ ...request, metadata: { b: '2', a: '1' } }).reverse());
    const again = await stack.api.create({ ...reversed, priority: 'checkout', off_session: false });
    assert.equal(again.status, 200);
  });

  it('the same reference with other parameters is 409 and changes nothing, running or closed', async () => {
    const request = aPayment({ payment_method: 'pm_card_authenticationRequired' });
    const waiting = await stack.api.pay(request);
    const whileRunning = await stack.api.call<ProblemBody>('POST', '/v1/payments', { ...request, amount: 2000 });
    assert.equal(whileRunning.status, 409);
    assert.equal(whileRunning.body.code, 'reference_taken');
    await stack.api.cancel(waiting.id);
    await stack.api.until(waiting.id, (p) => p.final);
    await stack.closed(waiting.id);
    const closed = await stack.api.call<ProblemBody>('POST', '/v1/payments', { ...request, amount: 2000 });
    assert.equal(closed.status, 409);
    const intents = await stack.intentsOf(waiting.id);
    assert.deepEqual(
      intents.map((i) => [i.amount, i.status]),
      [[1999, 'canceled']],
    );
  });

  it('another merchant may use the same reference', async () => {
    const request = aPayment();
    const one = await stack.api.pay(request);
    const other = await stack.api.pay({ ...request, merchant: 'other' });
    assert.notEqual(one.id, other.id);
    assert.equal(other.status, 'succeeded');
  });

  it('a repetition that comes after its own expires_at is still the same payment', async () => {
    const expires_at = soon();
    const request = aPayment({ expires_at });
    const paid = await stack.api.pay(request);
    await passed(expires_at);
    const again = await stack.api.create(request);
    assert.equal(again.status, 200);
    assert.equal(again.body.id, paid.id);
    const fresh = await stack.api.create({ ...request, reference: 'never-seen' });
    assert.equal(fresh.status, 422);
  });

  it('a payment nobody took is 404, and so is an id that is none', async () => {
    for (const id of ['pay.acme.nonesuch', 'sweep', 'pay.acme', 'x'.repeat(300), '4242424242424242']) {
      const answer = await stack.api.call<ProblemBody>('GET', `/v1/payments/${id}`);
      assert.equal(answer.status, 404, id);
      assert.equal(answer.headers.get('content-type'), 'application/problem+json; charset=utf-8');
      assert.ok(!JSON.stringify(answer.body).includes('4242'));
    }
  });
});
