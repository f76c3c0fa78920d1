import assert from 'node:assert/strict';
import { once } from 'node:events';
import { lstatSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { FolderUnavailableError } from '../../src/folder-lock.js';
import { Simulator } from '../../src/simulator/simulator.js';
import { cardPayment } from '../support/metered-gateway.js';
import { freePort, Part, script } from '../support/process.js';
import { Simulated, stripeAt } from '../support/simulated.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'penstock-second-start-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Each file below, with what is in it, byte for byte. */
function contents(of = folder): Record<string, string> {
  const entries = readdirSync(of, { recursive: true, encoding: 'utf8' }).map((name) => {
    const path = join(of, name);
    return [name, lstatSync(path).isFile() ? readFileSync(path, 'latin1') : ''] as const;
  });
  return Object.fromEntries(entries);
}

const portOf = ({ base }: Simulated) => Number(new URL(base).port);

describe('a second simulator on the folder of one that runs', () => {
  let first: Simulated;
  beforeEach(async () => {
    first = await Simulated.start({ folder });
  });
  afterEach(() => first.stop());

  const pay = async () => (await first.stripe.paymentIntents.create(cardPayment())).id;

  for (const [where, port] of [
    ['the same port', () => portOf(first)],
    ['another port', () => 0],
  ] as const) {
    it(`is refused on ${where}, changes nothing, and all that the first stores then is there after a restart`, async () => {
      const paid = [await pay()];
      const before = contents();
      await assert.rejects(Simulator.open({ port: port(), folder }));
      assert.deepEqual(contents(), before);
      paid.push(await pay());
      await first.stop();
      first = await Simulated.start({ folder });
      for (const id of paid) assert.equal((await first.stripe.paymentIntents.retrieve(id)).status, 'succeeded');
    });
  }

  it('is told whose the folder is, and gives its port back', async () => {
    const port = await freePort();
    await assert.rejects(Simulator.open({ port, folder }), FolderUnavailableError);
    const other = await Simulator.open({ port, folder: join(folder, 'of-its-own') });
    await other.stop();
  });
});

describe('a simulator that cannot have its port', () => {
  it('makes no folder, and changes none', async () => {
    const fresh = join(folder, 'fresh');
    const taken = createServer();
    const port = await freePort();
    await new Promise<void>((resolve) => taken.listen(port, '127.0.0.1', resolve));
    try {
      await assert.rejects(Simulator.open({ port, folder: fresh }), { code: 'EADDRINUSE' });
      assert.deepEqual(contents(), {});
      const stripe = await Simulated.start({ folder: fresh });
      await stripe.stripe.customers.create({});
      await stripe.stop();
      const before = contents();
      await assert.rejects(Simulator.open({ port, folder: fresh }), { code: 'EADDRINUSE' });
      assert.deepEqual(contents(), before);
    } finally {
      await new Promise((resolve) => taken.close(resolve));
    }
  });
});

describe('a simulator that is not ready yet', () => {
  it('answers whoever comes early once it is', async () => {
    const port = await freePort();
    const opening = await Simulator.open({ port, folder });
    const early = connect(port, '127.0.0.1');
    early.write('GET /_simulator/ HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n');
    const answer = text(early);
    await once(early, 'connect');
    // What came after it is dealt with: no request, and so refused whoever is there.
    const later = connect(port, '127.0.0.1').end('no request\r\n\r\n').resume();
    await once(later, 'close');
    opening.start();
    assert.match(await answer, /^HTTP\/1\.1 200 OK/);
    await opening.stop();
  });
});

describe('a second process on the folder of one that runs', () => {
  let port: number;
  let parts: Part[];
  beforeEach(async () => {
    port = await freePort();
    parts = [];
  });
  afterEach(async () => {
    for (const part of parts) await part.kill9();
  });

  function simulator(at: number, dataDir = folder): Part {
    const env = { SIMULATOR_PORT: `${at}`, PENSTOCK_DATA_DIR: dataDir };
    const part = new Part('simulator', script('src/simulator/server.ts'), env, /simulator on/);
    parts.push(part);
    return part;
  }
  const stripe = () => stripeAt(`http://127.0.0.1:${port}`);

  it('ends with one line that says what to do where its folder cannot be made', async () => {
    const file = join(folder, 'a-file');
    writeFileSync(file, '');
    const part = simulator(port, file);
    const says = `\npenstock: ${file}/simulator cannot be made (ENOTDIR): set PENSTOCK_DATA_DIR to another folder, or run`;
    await assert.rejects(part.start(), ({ message }: Error) => message.includes(says) && !/\n +at /.test(message));
  });

  it('ends with one line that says what to do, and what the first stored is there however that one ends', async () => {
    const first = simulator(port);
    await first.start();
    const paid = [(await stripe().paymentIntents.create(cardPayment())).id];
    const of = join(folder, 'simulator');
    const says = `${of} is used by process ${first.pid}: stop what uses it, set PENSTOCK_DATA_DIR to another folder, or`;
    for (const [at, why] of [
      [port, `port ${port} for the simulator is taken: `],
      [await freePort(), says],
    ] as const) {
      await assert.rejects(simulator(at).start(), (error: Error) => error.message.includes(`penstock: ${why}`));
      paid.push((await stripe().paymentIntents.create(cardPayment())).id);
    }
    // The next opens at once, whether the one before it ended in order or not.
    await first.kill9();
    await first.start();
    assert.equal(await first.stop(), 0);
    await first.start();
    for (const id of paid) assert.equal((await stripe().paymentIntents.retrieve(id)).status, 'succeeded');
  });
});
