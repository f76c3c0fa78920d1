import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { SIMULATOR_KEY } from '../../src/config/accounts.js';
import { UsageError } from '../../src/process.js';
import { PRESETS } from '../../src/simulator/cli/presets.js';
import { faultsSchema } from '../../src/simulator/faults/schema.js';
import { accountId } from '../../src/simulator/requests/incoming.js';
import { Commanded } from '../support/commanded.js';
import { HOUR, T0 } from '../support/facts.js';
import { Simulated } from '../support/simulated.js';

const DAY = 24 * HOUR;
const OTHER = 'sk_test_another';

let stripe: Simulated;
let folder: string;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'penstock-cli-'));
  stripe = await Simulated.start({ now: () => T0, steadyNow: () => T0 });
});
afterEach(async () => {
  await stripe.stop();
  rmSync(folder, { recursive: true, force: true });
});

const run = (argv: string, input = '') => Commanded.run(stripe.base, argv.split(' '), input);
const read = (path: string) => stripe.control.read(path) as Promise<Record<string, unknown>>;
function file(value: unknown): string {
  const path = join(folder, 'given.json');
  writeFileSync(path, JSON.stringify(value));
  return path;
}

describe('clock', () => {
  it('shows, steps, sets, freezes and runs', async () => {
    const at = (ms: number) => new Date(ms).toISOString();
    assert.equal(await run('clock'), `${at(T0)} (runs)`);
    assert.equal(await run('clock advance 1d12h'), `${at(T0 + 36 * HOUR)} (runs, 1d 12h ahead of real time)`);
    assert.equal(await run(`clock set ${at(T0 + 7 * DAY)}`), `${at(T0 + 7 * DAY)} (runs, 7d ahead of real time)`);
    assert.match(await run('clock freeze'), /stands still/);
    assert.match(await run('clock show'), /stands still/);
    assert.match(await run('clock run'), /runs/);
    assert.equal((await stripe.control.clock()).now_ms, T0 + 7 * DAY);
  });

  it('says of a step back that time only goes forward, and takes none', async () => {
    for (const step of ['advance -1d', 'advance -1', 'set -5']) {
      await assert.rejects(run(`clock ${step}`), (error: Error) => {
        assert.match(error.message, /^clock: time only goes forward, and -[15]d? would go back/);
        return error instanceof UsageError;
      });
    }
    assert.equal((await stripe.control.clock()).now_ms, T0);
  });

  it('takes a day, and a time with its zone', async () => {
    for (const [text, iso] of [
      ['2027-03-01', '2027-03-01T00:00:00.000Z'],
      ['2027-03-02T00:00Z', '2027-03-02T00:00:00.000Z'],
      ['2027-03-02T12:00:05.5+02:00', '2027-03-02T10:00:05.500Z'],
    ]) {
      assert.ok((await run(`clock set ${text}`)).startsWith(iso ?? ''), text);
    }
  });
});

describe('faults', () => {
  it('puts each of its presets, prints each, and takes the printed one back', async () => {
    for (const name of Object.keys(PRESETS)) {
      const printed = await run(`faults preset ${name}`);
      assert.deepEqual(JSON.parse(printed), PRESETS[name]?.script);
      const inForce = JSON.parse(await run(`faults ${name}`));
      assert.deepEqual(inForce, faultsSchema.parse(PRESETS[name]?.script), name);
      assert.deepEqual(await read('faults'), inForce);
      assert.deepEqual(JSON.parse(await run('faults set -', printed)), inForce);
      assert.deepEqual(JSON.parse(await run('faults')), inForce);
    }
    assert.deepEqual(JSON.parse(await run('faults clear')), faultsSchema.parse({}));
  });

  it('draws a preset anew with another seed, and for one account alone', async () => {
    const { seed, requests, webhooks } = JSON.parse(await run(`faults storm --seed 77 --key ${OTHER}`));
    assert.equal(seed, 77);
    for (const rule of [...requests, ...webhooks]) assert.equal(rule.key, OTHER);
  });

  it('reads rules from a file', async () => {
    const path = file({ webhooks: [{ kind: 'twin' }] });
    assert.equal(JSON.parse(await run(`faults set ${path}`)).webhooks[0].kind, 'twin');
  });
});

describe('limits', () => {
  it('sets the presets, and takes them away, of every account or of one', async () => {
    const of = async (key: string) => (await read(`limits?key=${key}`))['requests_per_second'];
    await run('limits sandbox');
    await run(`limits live --key ${OTHER}`);
    assert.deepEqual([await of(SIMULATOR_KEY), await of(OTHER)], [25, 100]);
    await run(`limits off --key ${OTHER}`);
    assert.deepEqual([await of(SIMULATOR_KEY), await of(OTHER)], [25, null]);
    await run(`limits default --key ${OTHER}`);
    assert.deepEqual([await of(SIMULATOR_KEY), await of(OTHER)], [25, 25]);
    await run('limits off');
    assert.deepEqual([await of(SIMULATOR_KEY), await of(OTHER)], [null, null]);
  });

  it('sets what a file says, for the account that is named', async () => {
    const path = file({ preset: 'live', requests_per_second: 7 });
    await run(`limits set ${path} --key ${OTHER}`);
    const shown = JSON.parse(await run('limits'));
    assert.equal(shown.accounts[accountId(OTHER)].requests_per_second, 7);
    assert.equal(shown.default.requests_per_second, null);
  });
});

describe('counts', () => {
  it('prints what was sent to each endpoint, let in and turned away, and the worst second', async () => {
    assert.equal(await run('counts'), 'no requests yet');
    await stripe.control.limits({ key: SIMULATOR_KEY, requests_per_second: 2 });
    await Promise.allSettled([1, 2, 3, 4, 5].map(() => stripe.stripe.customers.create({})));
    await stripe.stripeOf(OTHER).customers.list();
    const own = await run(`counts --key ${SIMULATOR_KEY}`);
    assert.deepEqual(own.split('\n'), [
      accountId(SIMULATOR_KEY),
      '  endpoint          sent  allowed  worst second  rejected',
      '  customers.create     5        2        2 of 5  3 global-rate',
      '  all                  5        2        2 of 5  3 global-rate',
    ]);
    const all = await run('counts');
    for (const account of [SIMULATOR_KEY, OTHER].map(accountId)) assert.ok(all.includes(account));
    assert.doesNotMatch(await run('counts --endpoint customers.list'), /customers\.create/);
    assert.doesNotMatch(await run('counts --reset'), /customers\.create/);
  });
});

describe('account', () => {
  it('shows how an account is set up, and takes it back changed', async () => {
    const shown = JSON.parse(await run('account'));
    const changed = { ...shown, country: 'DE', settlement: { currencies: ['eur'], rates: { usd: 0.9 } } };
    assert.deepEqual(JSON.parse(await run('account set -', JSON.stringify(changed))), changed);
    assert.deepEqual(JSON.parse(await run('account')), changed);
    assert.deepEqual(JSON.parse(await run(`account --key ${OTHER}`)), shown);
    assert.deepEqual(JSON.parse(await run('account reset')), shown);
  });
});

describe('a command that is not understood', () => {
  const WRONG: readonly (readonly [argv: string, says: RegExp, input?: string])[] = [
    ['flaults', /there is no command flaults \(did you mean faults\?\); there are trigger, listen/],
    ['xyz', /there are trigger, listen, replay,/],
    ['constructor', /there is no command constructor/],
    ['clock advance', /advance takes a span of time/],
    ['clock advance 7x', /not 7x/],
    ['clock advance 9999d', /advance_ms/],
    ['clock set', /set takes a time such as/],
    ['clock set 2026-12-01T00:00', /set takes a time such as/],
    ['clock set 2027-02-31x', /not 2027-02-31x/],
    ['clock set 2020-01-01', /to_ms: the clock only goes forward/],
    ['clock back', /there is no clock back/],
    ['clock freeze now', /freeze takes nothing, not now/],
    ['clock show --att x', /Unknown option '--att'/],
    ['clock --at ftp://127.0.0.1', /--at ftp:\/\/127.0.0.1 is no http URL/],
    ['faults storms', /there is no command or preset storms \(did you mean storm\?\); there are show, .*storm, outage/],
    ['faults sotrm', /there is no command or preset sotrm \(did you mean storm\?\)/],
    ['faults preset stomr', /there is no preset stomr \(did you mean storm\?\); there are storm, outage, slow/],
    ['faults preset nothing-like-it', /there are storm, outage/],
    ['faults preset', /there is no preset without a name; there are storm/],
    ['faults storm outage', /storm takes nothing, not outage/],
    ['faults storm --seed x', /--seed takes a whole number, not x/],
    ['faults set', /set takes a FILE/],
    ['faults set /nowhere/at/all', /cannot read \/nowhere\/at\/all/],
    ['faults set -', /standard input is no JSON object/, '[1]'],
    ['faults set -', /standard input is no JSON object/, '{'],
    ['faults set -', /requests\[0\]\.kind/, '{"requests": [{"kind": "explode"}]}'],
    ['limits sandboxed', /there is no limits sandboxed/],
    ['limits default', /default takes --key/],
    ['limits live --key nobody', /key/],
    ['limits off please', /off takes nothing, not please/],
    ['counts everything', /Unexpected argument 'everything'/],
    ['counts --endpoint nowhere', /there is no endpoint nowhere/],
    ['account put', /there is no account put/],
    ['account set -', /settlement\.currencies\[0\]/, '{"settlement": {"currencies": ["euro"]}}'],
    ['account --key nobody', /a secret key is like sk_test_/],
    ['listen --events nothing.at.all', /there is no event nothing\.at\.all/],
    ['listen --forward-to http://', /--forward-to http:\/\/ is no URL/],
    ['replay apple', /a seed is a whole number/],
    ['listen to', /Unexpected argument 'to'/],
  ];

  it('says what is wrong with it, and has changed nothing', async () => {
    const standing = () => Promise.all(['', 'clock', 'faults', 'limits', `account?key=${SIMULATOR_KEY}`].map(read));
    const before = await standing();
    for (const [argv, says, input] of WRONG) {
      const error = await run(argv, input).then(
        () => assert.fail(`${argv} was understood`),
        (thrown: Error) => thrown,
      );
      assert.ok(error instanceof UsageError, `${argv}: ${error.stack}`);
      assert.match(error.message, says, argv);
    }
    assert.deepEqual(await standing(), before);
  });

  it('is told where no simulator answers, and the way out', async () => {
    await stripe.stop();
    for (const argv of ['clock', 'faults', 'limits', 'counts', 'account', 'trigger customer.created', 'listen']) {
      await assert.rejects(run(argv), (error) => {
        assert.ok(error instanceof UsageError, argv);
        assert.match(error.message, /^no simulator answers at http:\S+: start one with `npm run simulator`/, argv);
        return true;
      });
    }
  });

  it('has help for each command, which names what they have in common', async () => {
    for (const name of ['trigger', 'listen', 'faults', 'limits', 'counts', 'clock', 'account']) {
      const help = await run(`${name} --help`);
      for (const option of ['--at URL', '--key KEY']) assert.ok(help.includes(option), `${name} ${option}`);
    }
  });
});
