import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { after, before, describe, it } from 'node:test';
import type Stripe from 'stripe';
import { SIMULATOR_KEY } from '../../src/config/accounts.js';
import { Inbox, type Mail } from '../support/inbox.js';
import { outside } from '../support/outside.js';
import { ROOT } from '../support/process.js';
import { Simulated } from '../support/simulated.js';

const { files, skip } = outside('stripe-python');

const CLIENT = join(ROOT, 'test/outside/stripe_python_client.py');
const SECRET = 'whsec_of_the_inbox';
/** More than a page holds twice over, together with what the client itself adds. */
const BEFORE = 205;

interface Seen {
  readonly id: string;
  readonly status: string;
  readonly received: number;
}

/** What the client prints of its payments. */
interface Payments {
  readonly paid: Seen;
  readonly created: Seen;
  readonly confirmed: Seen;
  readonly held: Seen;
  readonly captured: Seen;
  readonly refund: unknown;
  readonly read: unknown;
  readonly declined: unknown;
  readonly refused: unknown;
  readonly listed: readonly string[];
  readonly backwards: readonly string[];
}

interface Letter {
  readonly payload: string;
  readonly header: string;
  readonly secret: string;
}

/** Runs the client. @returns what it printed. @throws with what it complained of. */
async function python(args: readonly string[], input = ''): Promise<unknown> {
  const child = spawn('python3', [CLIENT, ...args], {
    env: { PATH: process.env['PATH'] ?? '', PYTHONPATH: files.packages, PYTHONDONTWRITEBYTECODE: '1' },
    timeout: 60_000,
  });
  child.stdin.end(input);
  const [printed, complaints, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'exit'),
  ]);
  assert.equal(code, 0, complaints);
  return JSON.parse(printed);
}

describe('stripe-python', { skip }, () => {
  let simulated: Simulated;
  let inbox: Inbox;
  let payments: Payments;
  const earlier: string[] = [];

  before(async () => {
    [simulated, inbox] = await Promise.all([Simulated.start(), Inbox.start()]);
    await simulated.sendWebhooksTo(inbox.url, SECRET);
    for (let count = 0; count < BEFORE; count += 1) {
      earlier.unshift((await simulated.stripe.paymentIntents.create({ amount: 100, currency: 'usd' })).id);
    }
    payments = (await python(['payments', simulated.base, SIMULATOR_KEY])) as Payments;
  });
  after(async () => {
    await simulated.stop();
    await inbox.stop();
  });

  it('creates, confirms and captures', () => {
    const { paid, created, confirmed, held, captured } = payments;
    assert.deepEqual([paid.status, paid.received], ['succeeded', 2_000]);
    assert.deepEqual(
      [created.status, confirmed.status, confirmed.id],
      ['requires_payment_method', 'succeeded', created.id],
    );
    assert.deepEqual([held.status, captured.status, captured.received], ['requires_capture', 'succeeded', 2_500]);
  });

  it('refunds in part, and reads what is left of the charge', () => {
    assert.deepEqual(payments.refund, { status: 'succeeded', amount: 500, of: payments.paid.id });
    assert.deepEqual(payments.read, { order: '6735', refunded: 500 });
  });

  it('raises its own errors of a decline, and of what is unknown', () => {
    assert.deepEqual(payments.declined, {
      status: 402,
      code: 'card_declined',
      decline_code: 'insufficient_funds',
      intent: 'requires_payment_method',
      request: true,
    });
    assert.deepEqual(payments.refused, { status: 400, code: 'parameter_unknown', param: 'colour' });
  });

  it('reads a list of several pages to its end, newest first, and backwards from its middle', () => {
    const { listed, backwards, held, created, paid } = payments;
    const [declined = '', ...others] = listed;
    assert.deepEqual(others, [held.id, created.id, paid.id, ...earlier]);
    // The iterator goes through each page backwards too.
    assert.deepEqual(backwards, [created.id, held.id, declined]);
  });

  it('verifies the webhooks of all this', async () => {
    await inbox.until(() => inbox.of('charge.refunded').length > 0);
    const mail = inbox.mail.slice(-5);
    const verdicts = await python(['webhooks'], JSON.stringify(mail.map((one) => letter(one))));
    const expected = mail.map(({ event }) => ({ type: event.type, id: event.id }));
    assert.deepEqual(verdicts, expected);
  });

  it('refuses a webhook whose payload, time, signature or secret is another', async () => {
    await inbox.until(() => inbox.of('payment_intent.succeeded').length > 0);
    const [mail] = inbox.of('payment_intent.succeeded');
    assert.ok(mail !== undefined);
    const { payload, header, secret } = letter(mail);
    const { amount } = mail.event.data.object as Stripe.PaymentIntent;
    const forged: Letter[] = [
      { payload: payload.replace(`"amount":${amount},`, `"amount":${amount + 1},`), header, secret },
      { payload, header: header.replace(/t=\d+/, (time) => `t=${Number(time.slice(2)) + 1}`), secret },
      { payload, header: header.replace(/v1=(.)/, (_, digit: string) => `v1=${digit === '0' ? '1' : '0'}`), secret },
      { payload, header, secret: `${secret}_of_another` },
    ];
    for (const { payload: other, header: otherHeader, secret: otherSecret } of forged) {
      assert.notDeepEqual([other, otherHeader, otherSecret], [payload, header, secret]);
    }
    const verdicts = (await python(['webhooks'], JSON.stringify(forged))) as { refused?: string }[];
    for (const verdict of verdicts) assert.match(verdict.refused ?? '', /No signatures found matching/);
  });
});

function letter({ body, signature }: Mail): Letter {
  return { payload: body, header: signature, secret: SECRET };
}
