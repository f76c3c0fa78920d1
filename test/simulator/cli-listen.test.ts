import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import Stripe from 'stripe';
import { SIMULATOR_KEY } from '../../src/config/accounts.js';
import { UsageError } from '../../src/process.js';
import { Commanded } from '../support/commanded.js';
import { Inbox } from '../support/inbox.js';
import { Part, script } from '../support/process.js';
import { Simulated } from '../support/simulated.js';
import { until } from '../support/until.js';

let stripe: Simulated;
let inbox: Inbox;
beforeEach(async () => {
  [stripe, inbox] = await Promise.all([Simulated.start(), Inbox.start()]);
});
afterEach(async () => {
  await stripe.stop();
  await inbox.stop();
});

async function listening(...argv: string[]): Promise<Commanded> {
  const command = Commanded.start(stripe.base, 'listen', ...argv);
  await until(() => [...command.lines, ...command.notes].some((line) => line.startsWith('Ready')));
  return command;
}
const said = (command: Commanded, what: string | RegExp) =>
  until(() => command.lines.some((line) => (typeof what === 'string' ? line.includes(what) : what.test(line))));

describe('listen', () => {
  it('prints each event as it happens, and ends with Ctrl-C', async () => {
    const command = await listening();
    await stripe.stripe.customers.create({});
    await said(command, /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d {2}--> customer\.created \[evt_\w+\]$/);
    assert.equal(await command.stop(), undefined);
    await until(() => stripe.simulator.streams.count === 0);
  });

  it('forwards them, signed with the secret that it printed, and prints what was answered', async () => {
    const command = await listening('--forward-to', inbox.url);
    const secret = /the signing secret is (whsec_\w+)/.exec(command.lines.join('\n'))?.[1] ?? '';
    inbox.status = (_, count) => (count === 1 ? 500 : 200);
    const { id } = await stripe.stripe.customers.create({});
    await said(command, `<-- [500] POST ${inbox.url} [evt_`);
    await stripe.stripe.customers.update(id, { name: 'A' });
    await said(command, `<-- [200] POST ${inbox.url} [evt_`);
    // Once each, whatever was answered.
    assert.deepEqual(
      inbox.mail.map(({ event }) => event.type),
      ['customer.created', 'customer.updated'],
    );
    for (const { body, signature } of inbox.mail) assert.ok(Stripe.webhooks.constructEvent(body, signature, secret));
    await command.stop();
    // The next time it is the same.
    const again = await listening('--forward-to', inbox.url);
    assert.ok(again.lines.join('\n').includes(secret));
    await again.stop();
  });

  it('says so where nobody answers what it forwards', async () => {
    const command = await listening('--forward-to', '127.0.0.1:1/hooks');
    await stripe.stripe.customers.create({});
    await said(command, '<-- [no answer] POST http://127.0.0.1:1/hooks [evt_');
    await command.stop();
  });

  it('tells of the events that are asked for, of the account that is named, whole', async () => {
    const key = 'sk_test_another';
    const command = await listening('--events', 'customer.updated', '--key', key, '--print-json');
    await stripe.stripe.customers.create({});
    const { id } = await stripe.stripeOf(key).customers.create({});
    await stripe.stripeOf(key).customers.update(id, { name: 'A' });
    await until(() => command.lines.length > 0);
    await command.stop();
    const [event, ...none] = command.lines.map((line) => JSON.parse(line) as Stripe.Event);
    assert.deepEqual([event?.type, none.length], ['customer.updated', 0]);
    assert.equal((event?.data.object as Stripe.Customer | undefined)?.id, id);
  });

  it('registers no endpoint: nothing is sent anywhere once it is gone', async () => {
    const command = await listening('--forward-to', inbox.url);
    assert.equal((await stripe.stripe.webhookEndpoints.list()).data.length, 0);
    await command.stop();
  });

  it('ends with a word when the simulator stops', async () => {
    const command = await listening();
    await stripe.stop();
    const error = await command.ended;
    assert.ok(error instanceof UsageError);
    assert.equal(error.message, 'the simulator stops: nothing more comes');
  });
});

describe('listen, as a process', () => {
  const listener = () =>
    new Part('listen', script('src/simulator/server.ts', 'listen', '--at', stripe.base), {}, /^Ready/m);

  it('ends with 0 at Ctrl-C', async () => {
    const part = listener();
    await part.start();
    await stripe.stripe.customers.create({});
    await until(() => part.output.includes('--> customer.created'));
    assert.equal(await part.end('SIGINT'), 0);
  });

  it('leaves nothing behind when it is killed', async () => {
    const part = listener();
    await part.start();
    assert.equal(stripe.simulator.streams.count, 1);
    await part.kill9();
    await until(() => stripe.simulator.streams.count === 0);
    await stripe.stripe.customers.create({});
    const { deliveries } = (await stripe.control.read(`deliveries?key=${SIMULATOR_KEY}`)) as { deliveries: unknown[] };
    assert.deepEqual(deliveries, []);
  });
});
