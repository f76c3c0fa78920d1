import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { after, describe, it } from 'node:test';
import { type Config, ConfigError, loadConfig } from '../../src/config/index.js';
import { HOUR, MINUTE, SECOND } from '../support/facts.js';

const folder = mkdtempSync(join(tmpdir(), 'penstock-config-'));
after(() => rmSync(folder, { recursive: true }));

const TEST_KEY = 'sk_test_0123456789abcdef';
const LIVE_KEY = 'sk_live_0123456789abcdef';
const WEBHOOK_SECRET = 'whsec_0123456789abcdef';
const API_KEY = 'key-0123456789abcdef';

type Env = Readonly<Record<string, string>>;
const LIVE: Env = { STRIPE_SECRET_KEY: LIVE_KEY, STRIPE_WEBHOOK_SECRET: WEBHOOK_SECRET, PENSTOCK_API_KEYS: API_KEY };

/** A configuration file of this test's own. */
function file(content: unknown): Env {
  const path = join(mkdtempSync(join(folder, 'f-')), 'config.json');
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
  return { PENSTOCK_CONFIG: path };
}

const account = (changes = {}) => ({ secret_key: TEST_KEY, webhook_secrets: [WEBHOOK_SECRET], ...changes });

function problemOf(env: Env): string {
  try {
    loadConfig(env);
  } catch (error) {
    assert.ok(error instanceof ConfigError, String(error));
    return error.message;
  }
  return assert.fail('the configuration was taken');
}

const refused = (env: Env, because: RegExp) => assert.match(problemOf(env), because);

describe('an empty environment', () => {
  it('runs everything here, with the simulator in the place of Stripe', () => {
    const config = loadConfig({});
    assert.deepEqual([config.host, config.port, config.logLevel], ['127.0.0.1', 3000, 'info']);
    assert.equal(config.dataDir, resolve('.penstock'));
    assert.deepEqual(config.simulator, { embedded: true, port: 12111 });
    assert.deepEqual(
      config.accounts.map((a) => [a.name, a.apiBase, a.livemode]),
      [['default', 'http://127.0.0.1:12111', false]],
    );
    assert.equal(config.temporal.address, undefined);
    assert.deepEqual([config.temporal.namespace, config.temporal.uiPort], ['default', 8233]);
    assert.deepEqual(config.apiKeyHashes, []);
  });

  it('has the policy that the rules promise', () => {
    const { payments } = loadConfig({}).policy;
    assert.equal(payments.proof_delay_ms, 10 * MINUTE);
    assert.equal(payments.key_life_ms, 20 * HOUR);
    assert.equal(payments.on_session_expiry_seconds, 15 * 60);
    assert.equal(payments.off_session_expiry_seconds, 3 * 86_400);
    assert.equal(payments.late_money, 'ask');
  });

  it('is what variables set to nothing come to, as in a compose file', () => {
    assert.deepEqual(
      loadConfig({ PORT: '', STRIPE_SECRET_KEY: '', PENSTOCK_CONFIG: '', LOG_LEVEL: '' }),
      loadConfig({}),
    );
  });
});

describe('the store', () => {
  it('is where DATABASE_URL says, and in the data folder where it says nothing', () => {
    for (const url of [
      'postgres://penstock@db/penstock',
      'postgresql://u:p%40ss@10.0.0.1:6432/store?sslmode=require',
    ]) {
      assert.equal(loadConfig({ DATABASE_URL: url }).databaseUrl, url);
    }
    assert.equal(loadConfig({}).databaseUrl, undefined);
    assert.equal(loadConfig({ DATABASE_URL: '' }).databaseUrl, undefined);
  });

  it('is refused at an address that is none, by the name of the variable and without the address', () => {
    for (const url of [
      'mysql://u:hidden@db/x',
      'db:5432/hidden',
      'postgres:///hidden',
      'postgres://u:hidden@db',
      'hidden',
    ]) {
      const problem = problemOf({ DATABASE_URL: url });
      assert.equal(problem, 'DATABASE_URL: a PostgreSQL address like postgres://user:password@host:5432/database');
    }
  });
});

describe('a Stripe key in the environment', () => {
  it('is one account named default, without the simulator', () => {
    const config = loadConfig({
      STRIPE_SECRET_KEY: TEST_KEY,
      STRIPE_WEBHOOK_SECRET: `${WEBHOOK_SECRET}, whsec_rolled_in`,
    });
    assert.equal(config.simulator.embedded, false);
    const [only, ...others] = config.accounts;
    assert.equal(others.length, 0);
    assert.equal(only?.apiBase, undefined, 'Stripe itself');
    assert.deepEqual(only?.webhookSecrets, [WEBHOOK_SECRET, 'whsec_rolled_in']);
  });

  it('needs the webhook secret, and the message says where to find it', () => {
    const problem = problemOf({ STRIPE_SECRET_KEY: TEST_KEY });
    assert.match(problem, /^STRIPE_WEBHOOK_SECRET is missing/);
    assert.match(problem, /stripe listen/);
  });

  it('is refused beside accounts in a file: one of them would be ignored', () => {
    refused({ ...file({ accounts: { eu: account() } }), STRIPE_SECRET_KEY: TEST_KEY }, /both set/);
  });
});

describe('a live key', () => {
  it('is known by its prefix, restricted or not', () => {
    for (const key of [LIVE_KEY, 'rk_live_0123456789abcdef']) {
      assert.equal(loadConfig({ ...LIVE, STRIPE_SECRET_KEY: key }).accounts[0]?.livemode, true, key);
    }
  });

  it('needs API keys, which are kept as hashes only', () => {
    const { PENSTOCK_API_KEYS: _, ...without } = LIVE;
    refused(without, /^PENSTOCK_API_KEYS: required with a live Stripe key/m);
    const config = loadConfig({ ...LIVE, PENSTOCK_API_KEYS: `${API_KEY},another-0123456789` });
    assert.equal(config.apiKeyHashes.length, 2);
    assert.deepEqual(config.apiKeyHashes[0], createHash('sha256').update(API_KEY).digest());
    assert.ok(!JSON.stringify(config).includes(API_KEY));
  });

  it('asks a cluster for no more lists than it allows by default, and its own server for more', () => {
    const lists = (env: Record<string, string>) => loadConfig(env).temporal.listsPerSecond;
    assert.deepEqual([lists({ TEMPORAL_ADDRESS: 'cluster:7233' }), lists({})], [5, 40]);
    assert.equal(lists({ TEMPORAL_ADDRESS: 'cluster:7233', PENSTOCK_LISTS_PER_SECOND: '25' }), 25);
  });

  it('refuses a retention after which the same reference would be charged again', () => {
    assert.equal(loadConfig(LIVE).temporal.minRetentionDays, 90);
    assert.equal(loadConfig({ ...LIVE, PENSTOCK_MIN_RETENTION_DAYS: '365' }).temporal.minRetentionDays, 365);
    for (const days of ['1', '89']) {
      refused({ ...LIVE, PENSTOCK_MIN_RETENTION_DAYS: days }, /^PENSTOCK_MIN_RETENTION_DAYS: .*at least 90/m);
    }
  });

  it('refuses what proves an attempt dead too early', () => {
    const hasty = (ms: number) => ({ ...LIVE, ...file({ policy: { payments: { proof_delay_ms: ms } } }) });
    refused(hasty(10 * MINUTE - 1), /policy\.payments\.proof_delay_ms: .*at least 600000/);
    assert.equal(loadConfig(hasty(10 * MINUTE)).policy.payments.proof_delay_ms, 10 * MINUTE);
  });

  it('refuses to give Stripe less time than a slow bank needs', () => {
    const policy = { payments: { stripe_timeout_ms: 10 * SECOND - 1 } };
    refused({ ...LIVE, ...file({ policy }) }, /policy\.payments\.stripe_timeout_ms: /);
  });

  it('is guarded the same when it is one of several in a file, and every problem is named at once', () => {
    const accounts = { eu: account(), us: account({ secret_key: LIVE_KEY }) };
    const env = {
      ...file({ accounts, policy: { payments: { proof_delay_ms: SECOND } } }),
      PENSTOCK_MIN_RETENTION_DAYS: '1',
    };
    const problem = problemOf(env);
    for (const name of ['PENSTOCK_API_KEYS', 'PENSTOCK_MIN_RETENTION_DAYS', 'proof_delay_ms']) {
      assert.ok(problem.includes(name), name);
    }
  });

  it('is no reason to guard a test key: tests have no minutes to wait', () => {
    const config = loadConfig(file({ accounts: { eu: account() }, policy: { payments: { proof_delay_ms: SECOND } } }));
    assert.equal(config.policy.payments.proof_delay_ms, SECOND);
    assert.equal(config.temporal.minRetentionDays, 1);
  });
});

describe('a wrong value', () => {
  it('is refused by the name of its variable', () => {
    for (const [name, value] of [
      ['PORT', 'eighty'],
      ['PORT', '0'],
      ['PORT', '65536'],
      ['PORT', '80.5'],
      ['SIMULATOR_PORT', '-1'],
      ['LOG_LEVEL', 'loud'],
      ['STRIPE_API_BASE', 'ftp://127.0.0.1'],
      ['PENSTOCK_MIN_RETENTION_DAYS', '0'],
      ['PENSTOCK_LISTS_PER_SECOND', '0'],
      ['PENSTOCK_API_KEYS', 'short'],
    ] as const) {
      refused({ [name]: value }, new RegExp(`^${name}: `, 'm'));
    }
  });

  it('in the file is refused by its path', () => {
    refused(file({ policy: { payments: { late_money: 'keep' } } }), /policy\.payments\.late_money: /);
    refused(file({ policy: { payments: { key_life_ms: 20 * HOUR + 1 } } }), /policy\.payments\.key_life_ms: /);
    refused(file({ accounts: { eu: account({ currencies: ['EUR'] }) } }), /accounts\.eu\.currencies\.0: /);
    refused(file({ accounts: { eu: account({ webhook_secrets: [] }) } }), /accounts\.eu\.webhook_secrets: /);
    refused(file({ accounts: {} }), /accounts: at least one account/);
    refused(file({ accounts: { 'a.b': account() } }), /accounts\.a\.b: /);
  });

  it('is an unknown key, too: a misspelt guard must not pass for a set one', () => {
    refused(file({ polcy: {} }), /polcy/);
    refused(file({ policy: { payments: { proof_delay: 1 } } }), /policy\.payments: .*proof_delay/);
    refused(file({ accounts: { eu: account({ webhook_secret: WEBHOOK_SECRET }) } }), /accounts\.eu: .*webhook_secret/);
  });

  it('is a file that is not there or not JSON, and it is named', () => {
    refused({ PENSTOCK_CONFIG: join(folder, 'none.json') }, /^PENSTOCK_CONFIG: .*none\.json/);
    const { PENSTOCK_CONFIG = '' } = file('not json');
    const problem = problemOf({ PENSTOCK_CONFIG });
    assert.ok(problem.includes(PENSTOCK_CONFIG));
  });

  it('never shows a secret in its message', () => {
    const secrets = { secret_key: 'sk_live_short', webhook_secrets: ['whsec_x', WEBHOOK_SECRET] };
    const problems = [
      problemOf({ STRIPE_SECRET_KEY: 'sk_live_xyz' }),
      problemOf({ STRIPE_SECRET_KEY: TEST_KEY, STRIPE_WEBHOOK_SECRET: 'whsec_x' }),
      problemOf({ PENSTOCK_API_KEYS: 'secret-key' }),
      problemOf({ ...LIVE, PENSTOCK_API_KEYS: '' }),
      problemOf(file({ accounts: { eu: { ...secrets, currencies: ['xyz'] } } })),
      problemOf(file({ accounts: { eu: { secret_key: 1, webhook_secrets: WEBHOOK_SECRET } } })),
      problemOf({ ...file({ accounts: { eu: account() } }), STRIPE_SECRET_KEY: TEST_KEY }),
    ];
    for (const problem of problems) assert.doesNotMatch(problem, /sk_live|sk_test|whsec_|secret-key|0123456789/);
  });
});

describe('the configuration', () => {
  it('is frozen all the way down', () => {
    const config = loadConfig(LIVE);
    const visit = (value: unknown, path: string): void => {
      // Bytes cannot be frozen, and nobody writes to a hash.
      if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return;
      assert.ok(Object.isFrozen(value), path);
      for (const [key, inner] of Object.entries(value)) visit(inner, `${path}.${key}`);
    };
    visit(config, 'config');
    assert.throws(() => {
      (config as { -readonly [K in keyof Config]: Config[K] }).port = 1;
    }, TypeError);
  });

  it('keeps the accounts of a file in its order: the first that takes a currency gets the payment', () => {
    const keyed = (name: string, changes = {}) => account({ secret_key: `${TEST_KEY}_${name}`, ...changes });
    const accounts = { us: keyed('us', { currencies: ['usd'] }), eu: keyed('eu'), apac: keyed('apac') };
    assert.deepEqual(
      loadConfig(file({ accounts })).accounts.map((a) => a.name),
      ['us', 'eu', 'apac'],
    );
  });

  it("refuses one account's key under two names, which would send it twice what Stripe allows", () => {
    const accounts = { eu: account(), uk: account({ secret_key: `${TEST_KEY}_uk` }), us: account() };
    const problem = problemOf(file({ accounts }));
    assert.match(problem, /^PENSTOCK_CONFIG accounts\.us\.secret_key: the same key as accounts\.eu\.secret_key\b.*$/);
    assert.ok(!problem.includes(TEST_KEY));
  });

  it('takes for the budget what Stripe allows a live and a test account', () => {
    const budgetOf = (env: Env) => {
      const { perSecond, perEndpoint, concurrent, readsPerMonth } = loadConfig(env).accounts[0]?.budget ?? {};
      return { perSecond, perEndpoint, concurrent, readsPerMonth };
    };
    const reads = { readsPerMonth: 10_000 };
    assert.deepEqual(budgetOf({}), { perSecond: 25, perEndpoint: 25, concurrent: 50, ...reads });
    // A live account may make 100 requests a second, and 25 at one endpoint unless Stripe has raised it.
    assert.deepEqual(budgetOf(LIVE), { perSecond: 100, perEndpoint: 25, concurrent: 200, ...reads });
  });

  it('takes 20 a second for files, as Stripe allows, or less where every endpoint has less', () => {
    const filesOf = (budget: object) =>
      loadConfig(file({ accounts: { eu: account({ budget }) } })).accounts[0]?.budget.endpoints['files.contents'];
    assert.equal(loadConfig(LIVE).accounts[0]?.budget.endpoints['files.contents'], 20);
    assert.equal(filesOf({ requests_per_second: 500, requests_per_second_per_endpoint: 500, max_workers: 100 }), 20);
    assert.equal(filesOf({ endpoints: { 'refunds.list': 50 } }), 20);
    assert.equal(filesOf({ requests_per_second_per_endpoint: 10 }), 10);
    assert.equal(filesOf({ endpoints: { 'files.contents': 60 } }), 60);
  });

  it('refuses a budget that names no endpoint of Stripe, or that its workers could not share, by its field', () => {
    const refusal = (budget: object) => {
      try {
        loadConfig(file({ accounts: { eu: account({ budget }) } }));
      } catch (error) {
        return (error as Error).message;
      }
      return 'taken';
    };
    assert.match(refusal({ endpoints: { 'payment_intents.creat': 30 } }), /accounts\.eu\.budget\.endpoints/);
    assert.match(refusal({ requests_per_second: 0 }), /accounts\.eu\.budget\.requests_per_second:/);
    for (const [field, budget] of [
      ['requests_per_second', { requests_per_second: 7.9 }],
      ['requests_per_second', { max_workers: 26 }],
      ['requests_per_second_per_endpoint', { requests_per_second_per_endpoint: 4 }],
      ['concurrent_requests', { concurrent_requests: 4 }],
      ['endpoints.refunds.list', { endpoints: { 'refunds.list': 2 } }],
      // Of several the one that most is missing of.
      ['concurrent_requests', { requests_per_second: 5, concurrent_requests: 4, endpoints: { 'refunds.list': 6 } }],
    ] as const) {
      const workers = 'max_workers' in budget ? budget.max_workers : 8;
      assert.equal(
        refusal(budget),
        `PENSTOCK_CONFIG accounts.eu.budget.${field}: less than one for each of ${workers} workers: ` +
          `raise it to ${workers}, or lower max_workers`,
      );
    }
    assert.equal(refusal({ requests_per_second: 5, max_workers: 5 }), 'taken');
    assert.equal(refusal({ endpoints: { 'files.contents': 2 } }), 'taken');
  });
});

describe('the ports of the processes', () => {
  it('are 3000 and 3001, and a worker has none unless it is told', () => {
    const { port, webhooks, metrics } = loadConfig({});
    assert.deepEqual([port, webhooks.port, metrics.port], [3000, 3001, undefined]);
    const told = loadConfig({ WEBHOOKS_PORT: '4001', METRICS_PORT: '9464' });
    assert.deepEqual([told.webhooks.port, told.metrics.port], [4001, 9464]);
  });

  it('are refused by name when they are none', () => {
    for (const name of ['WEBHOOKS_PORT', 'METRICS_PORT']) {
      for (const value of ['0', '65536', '1.5', 'http']) refused({ [name]: value }, new RegExp(`^${name}: `));
    }
  });
});

describe('the merchants that metrics name', () => {
  it('are those of the file, and none without one', () => {
    assert.deepEqual(loadConfig({}).metrics.merchants, []);
    assert.deepEqual(loadConfig(file({ metrics: { merchants: ['acme', 'globex'] } })).metrics.merchants, [
      'acme',
      'globex',
    ]);
  });

  it('are at most twenty, of letters, digits, _ and -', () => {
    const many = Array.from({ length: 21 }, (_, i) => `m${i}`);
    assert.equal(loadConfig(file({ metrics: { merchants: many.slice(1) } })).metrics.merchants.length, 20);
    refused(file({ metrics: { merchants: many } }), /^PENSTOCK_CONFIG metrics\.merchants: at most 20/);
    refused(file({ metrics: { merchants: ['a b'] } }), /^PENSTOCK_CONFIG metrics\.merchants\.0: a name of letters/);
    refused(file({ metrics: { merchant: [] } }), /^PENSTOCK_CONFIG metrics: .*merchant/);
  });
});
