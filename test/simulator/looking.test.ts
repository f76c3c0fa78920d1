import assert from 'node:assert/strict';
import { request } from 'node:http';
import { after, before, describe, it } from 'node:test';
import { CONTROL_NAMES } from '../../src/simulator/control/index.js';
import { askControl } from '../support/asked-controls.js';
import { Simulated } from '../support/simulated.js';
import { until } from '../support/until.js';

/** The stream and the wait for held requests are answered as long as their caller stays. */
const LASTING = ['stream', 'held'];

let stripe: Simulated;
before(async () => {
  stripe = await Simulated.start();
});
after(() => stripe?.stop());

describe('to look', () => {
  it('opens no account, by whatever control', async () => {
    const looks = CONTROL_NAMES.filter((name) => name.startsWith('GET ')).map((name) => name.slice(4));
    const asked: string[] = [];
    for (const [at, path] of looks.filter((path) => !LASTING.includes(path)).entries()) {
      for (const query of ['', '&table=charges', '&intent=pi_1']) {
        const { status } = await askControl(stripe.base, ['GET', `${path}?key=sk_test_look${at}${query}`]);
        if (status === 200) asked.push(path);
      }
    }
    assert.deepEqual(asked.sort(), ['account', 'attempts', 'counts', 'deliveries', 'limits', 'objects']);
    await fetch(`${stripe.base}/?account=acct_0123456789abcdef`, { headers: { accept: 'text/html' } });
    assert.deepEqual(stripe.simulator.store.accountNames(), []);
  });

  it('opens none of Stripe’s either, until something is made there', async () => {
    const client = stripe.stripeOf('sk_test_who_only_reads');
    assert.deepEqual((await client.customers.list()).data, []);
    await assert.rejects(client.charges.retrieve('ch_1'), /No such charge/);
    assert.deepEqual(stripe.simulator.store.accountNames(), []);
    await client.customers.create({});
    assert.equal(stripe.simulator.store.accountNames().length, 1);
  });

  it('leaves nobody waiting for held requests whose caller has gone', async () => {
    const { held } = stripe.simulator;
    const waiting = request(`${stripe.base}/_simulator/held?count=3`).on('error', () => undefined);
    waiting.end();
    await until(() => held.watchers === 1);
    waiting.destroy();
    await until(() => held.watchers === 0);
  });

  it('is told once there are as many held as it waits for, and then waits no longer', async () => {
    await stripe.control.faults({ requests: [{ kind: 'hold_before' }] });
    const both = stripe.control.untilHeld(2);
    const key = 'sk_test_who_is_held';
    const first = stripe.stripeOf(key).customers.list();
    await stripe.control.untilHeld(1);
    assert.equal(stripe.simulator.held.watchers, 1);
    const second = stripe.stripeOf(key).customers.list();
    await both;
    assert.equal(stripe.simulator.held.watchers, 0);
    await stripe.control.release();
    await Promise.all([first, second]);
  });
});
