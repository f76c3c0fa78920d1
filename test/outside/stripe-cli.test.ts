import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import Stripe from 'stripe';
import { SIMULATOR_KEY } from '../../src/config/accounts.js';
import { Inbox } from '../support/inbox.js';
import { outside } from '../support/outside.js';
import { Simulated } from '../support/simulated.js';

const { files, skip } = outside('stripe-cli');

/** The fixtures of the CLI that concern what the simulator has. */
const TRIGGERS = [
  'payment_intent.succeeded',
  'payment_intent.payment_failed',
  'payment_intent.requires_action',
  'payment_intent.canceled',
  'payment_intent.amount_capturable_updated',
  'payment_intent.created',
  'payment_intent.processing',
  'charge.captured',
  'charge.refunded',
  'charge.succeeded',
  'charge.failed',
  'charge.refund.updated',
  'charge.dispute.created',
  'charge.dispute.updated',
  'charge.dispute.closed',
  'customer.created',
  'customer.updated',
  'customer.deleted',
  'payment_method.attached',
  'payment_method.detached',
  'payout.created',
  'payout.updated',
  'balance.available',
  'reporting.report_run.succeeded',
];

/** What comes of these is no work of a moment; the clock is stepped for it. */
const LATER = new Set(['reporting.report_run.succeeded']);
const STEP_MS = 60 * 60_000;

const SECRET = 'whsec_of_the_inbox';

let simulated: Simulated;
let inbox: Inbox;
/** What the CLI writes, which is its configuration, goes here and not home. */
let scratch: string;

interface Ended {
  readonly code: number | null;
  readonly output: string;
}

/** Nothing answers there: the CLI asks GitHub for a newer version of itself, and is to speak to the simulator alone. */
const NOWHERE = 'http://127.0.0.1:1';

function trigger(event: string): Promise<Ended> {
  const args = ['trigger', event, '--api-key', SIMULATOR_KEY, '--api-base', simulated.base];
  const env = {
    HOME: scratch,
    XDG_CONFIG_HOME: scratch,
    STRIPE_CLI_TELEMETRY_OPTOUT: '1',
    HTTP_PROXY: NOWHERE,
    HTTPS_PROXY: NOWHERE,
  };
  return new Promise((resolve) => {
    const child = execFile(files.program, args, { env, timeout: 60_000 }, (_, stdout, stderr) => {
      resolve({ code: child.exitCode, output: `${stdout}\n${stderr}` });
    });
  });
}

describe("Stripe's own CLI", { skip }, () => {
  before(() => {
    scratch = mkdtempSync(join(tmpdir(), 'penstock-stripe-cli-'));
  });
  after(() => rmSync(scratch, { recursive: true, force: true }));
  beforeEach(async () => {
    [simulated, inbox] = await Promise.all([Simulated.start(), Inbox.start()]);
    await simulated.sendWebhooksTo(inbox.url, SECRET);
  });
  afterEach(async () => {
    await simulated.stop();
    await inbox.stop();
  });

  for (const event of TRIGGERS) {
    it(`triggers ${event}, whose webhook comes and verifies`, async () => {
      const { code, output } = await trigger(event);
      assert.equal(code, 0, output);
      if (LATER.has(event)) simulated.simulator.advance(STEP_MS);
      await inbox.until(() => inbox.of(event).length > 0);
      for (const { body, signature } of inbox.of(event)) {
        assert.equal(Stripe.webhooks.constructEvent(body, signature, SECRET).type, event);
      }
    });
  }
});
