import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { cardPayment } from '../support/metered-gateway.js';
import { freePort, Part, ROOT, script } from '../support/process.js';
import { stripeAt } from '../support/simulated.js';

const SERVER = 'src/simulator/server.ts';

interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

describe('the simulator’s command line', () => {
  let folder: string;
  let port: number;
  let env: Record<string, string>;
  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'penstock-cli-process-'));
    port = await freePort();
    env = { SIMULATOR_PORT: `${port}`, PENSTOCK_DATA_DIR: folder, PATH: process.env['PATH'] ?? '' };
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  function run(...argv: string[]): Promise<Ended> {
    const [file = '', ...args] = script(SERVER, ...argv);
    return new Promise((resolve) => {
      const child = execFile(file, args, { cwd: ROOT, env, timeout: 60_000 }, (_, out, err) =>
        resolve({ code: child.exitCode, out, err }),
      );
    });
  }
  const simulator = (...argv: string[]) => new Part('simulator', script(SERVER, ...argv), env, /simulator on/);

  it('asks the simulator of this installation, and ends with 0', async () => {
    const part = simulator('--no-webhooks');
    await part.start();
    try {
      const { code, out, err } = await run('trigger', 'payment_intent.succeeded');
      assert.deepEqual([code, err], [0, '']);
      assert.match(out, /pi_\w+ succeeded\nTrigger succeeded: evt_\w+ payment_intent\.succeeded\n$/);
    } finally {
      await part.stop();
    }
  });

  it('tells in one line what is wrong, and ends with 1', async () => {
    for (const [argv, says] of [
      [['clock'], /^penstock: no simulator answers at http:\/\/127\.0\.0\.1:\d+: .*--at URL\n$/],
      [['clok'], /^penstock: there is no command clok \(did you mean clock\?\); there are trigger, .*, account\n$/],
      [['--history', '0'], /^penstock: --history takes a whole number from 1, not 0 .*--help\)\n$/],
      [['--seed', 'two words'], /^penstock: --seed takes a word/],
      [['--webhook-url', 'ftp://127.0.0.1/'], /^penstock: --webhook-url takes a whole http or https URL, not ftp:/],
      [['--hosts', 'a b'], /^penstock: --hosts takes names such as simulator, not a b/],
      [['--memorry'], /^penstock: Unknown option '--memorry'/],
    ] as const) {
      const { code, out, err } = await run(...argv);
      assert.deepEqual([code, out], [1, ''], argv.join(' '));
      assert.match(err, says);
    }
  });

  it('remembers as many payments as it is told to', async () => {
    const part = simulator('--memory', '--no-webhooks', '--history', '20');
    await part.start();
    try {
      const stripe = stripeAt(`http://127.0.0.1:${port}`);
      for (let made = 0; made < 400; made += 50) {
        // On the books at once: what is on its way there stays, however many there are.
        const payment = cardPayment({ capture_method: 'automatic' });
        await Promise.all(Array.from({ length: 50 }, () => stripe.paymentIntents.create(payment)));
      }
      const summary = await (await fetch(`http://127.0.0.1:${port}/_simulator/`)).json();
      const [{ payment_intents = 0 } = {}] = (summary as { accounts: { payment_intents: number }[] }).accounts;
      // They go many at a time.
      assert.ok(payment_intents >= 20 && payment_intents < 300, `${payment_intents}`);
    } finally {
      await part.stop();
    }
  });

  it('makes the same ids from the same seed, and others from another', async () => {
    const idsFrom = async (seed: string) => {
      const part = simulator('--memory', '--no-webhooks', '--seed', seed);
      await part.start();
      try {
        return (await stripeAt(`http://127.0.0.1:${port}`).paymentIntents.create(cardPayment())).id;
      } finally {
        await part.stop();
      }
    };
    const first = await idsFrom('apple');
    assert.equal(await idsFrom('apple'), first);
    assert.notEqual(await idsFrom('pear'), first);
  });
});
