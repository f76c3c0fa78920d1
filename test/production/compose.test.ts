import assert from 'node:assert/strict';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { parse } from 'yaml';
import { HISTORY_SHARDS, POSTGRES_SETTINGS, RETENTION, TEMPORAL_SERVER_VERSION } from '../../ops/topology/versions.js';
import { API_STOPS_WITHIN_MS } from '../../src/api-server.js';
import { ConfigError, loadConfig } from '../../src/config/index.js';
import { DYNAMIC_CONFIG } from '../../src/dev/temporal-server.js';
import { STOPS_WITHIN_MS } from '../../src/process.js';
import { Simulator } from '../../src/simulator/simulator.js';
import { WEBHOOKS_STOP_WITHIN_MS } from '../../src/webhooks-server.js';
import { workerStopsWithinMs } from '../../src/worker.js';
import { composeFile, durationMs, environmentOf, interpolate, type Service, withProfile } from '../support/compose.js';
import { ROOT } from '../support/process.js';

const PROFILES = ['stripe', 'simulator'] as const;
const STRIPE = {
  STRIPE_SECRET_KEY: 'sk_test_0123456789abcdef',
  STRIPE_WEBHOOK_SECRET: 'whsec_0123456789abcdef',
  PENSTOCK_API_KEYS: 'one-key-of-the-api',
};

const file = composeFile();
const service = (name: string): Service => file.services[name] ?? assert.fail(`no service ${name}`);
const read = (path: string) => readFileSync(join(ROOT, path), 'utf8');

describe('docker-compose.yml', () => {
  it('is a compose file by the schema of the specification', () => {
    const ajv = addFormats.default(new Ajv2020({ strict: false, allErrors: true }));
    const isValid = ajv.compile(JSON.parse(read('test/vendor/compose-spec/compose-spec.json')));
    assert.ok(isValid(file), JSON.stringify(isValid.errors, null, 2));
    assert.ok(!isValid({ services: { api: { imagee: 'x' } } }), 'the schema does refuse');
  });

  it('gives PostgreSQL the settings of the topology', () => {
    assert.deepEqual(service('postgresql').command, ['postgres', ...POSTGRES_SETTINGS.flatMap((set) => ['-c', set])]);
  });

  it('names every image by an exact version, its own by that of the package', () => {
    for (const [name, { image }] of Object.entries(file.services)) {
      assert.match(image, /^[a-z/-]+:\d+\.\d+(\.\d+)?(-[\w.-]+)?$/, name);
    }
    assert.equal(service('api').image, `penstock:${JSON.parse(read('package.json')).version}`);
  });

  it('runs what the topology without Docker runs', () => {
    assert.equal(service('temporal').image, `temporalio/server:${TEMPORAL_SERVER_VERSION}`);
    for (const tool of ['temporal-schema', 'temporal-namespace']) {
      assert.ok(service(tool).image.startsWith(`temporalio/admin-tools:${TEMPORAL_SERVER_VERSION}-`), tool);
    }
    assert.equal(service('temporal').environment?.['NUM_HISTORY_SHARDS'], String(HISTORY_SHARDS));
    assert.equal(service('temporal-namespace').environment?.['RETENTION'], RETENTION);
    for (const worker of ['worker', 'simulated-worker']) assert.equal(service(worker).deploy?.replicas, 2);
    for (const webhooks of ['webhooks', 'simulated-webhooks']) {
      assert.deepEqual(service(webhooks).command, ['node', 'dist/webhooks-server.js']);
    }
  });

  it('gives the server the settings that the embedded one gets', () => {
    const settings = parse(read('ops/temporal/dynamicconfig.yaml')) as Record<string, { value: unknown }[]>;
    const plain = Object.fromEntries(Object.entries(settings).map(([key, [only]]) => [key, only?.value]));
    assert.deepEqual(plain, DYNAMIC_CONFIG);
  });

  it('mounts and runs files that are there', () => {
    for (const [name, { volumes = [], entrypoint = [], environment = {} }] of Object.entries(file.services)) {
      for (const volume of volumes) {
        const [source = '', target = ''] = volume.split(':');
        if (!source.startsWith('.')) {
          assert.ok(source in file.volumes, `${name}: ${source}`);
          continue;
        }
        const run = entrypoint.find((word) => word.startsWith(`${target}/`));
        const used = [run, environment['DYNAMIC_CONFIG_FILE_PATH']].filter((path) => path);
        for (const path of used) assert.ok(existsSync(join(ROOT, source, String(path).replace(target, ''))), `${path}`);
      }
    }
    for (const script of ['temporal/setup-schema.sh', 'temporal/create-namespace.sh', 'store/create-database.sh']) {
      // The tools' images run them as another user.
      assert.equal(statSync(join(ROOT, 'ops', script)).mode & 0o555, 0o555);
    }
  });

  it('publishes on loopback only', () => {
    const ports = Object.values(file.services).flatMap((s) => s.ports ?? []);
    assert.ok(ports.length >= 4);
    for (const port of ports) assert.match(interpolate(port, {}), /^127\.0\.0\.1:\d+:\d+$/);
  });

  for (const profile of PROFILES) {
    it(`with the profile ${profile}, waits only for what is up and says when it is`, () => {
      const up = withProfile(file, profile);
      for (const [name, { depends_on = {} }] of Object.entries(up)) {
        for (const [other, { condition }] of Object.entries(depends_on)) {
          const needed = up[other] ?? assert.fail(`${name} waits for ${other}, which is not up`);
          if (condition === 'service_healthy') assert.ok(needed.healthcheck?.test, `${other} has no health check`);
          if (condition === 'service_completed_successfully') assert.match(needed.restart ?? '', /^on-failure:\d+$/);
        }
      }
    });
  }

  for (const STORE_PASSWORD of ['', 'of-the-store']) {
    it(`gives the API and the workers the store that is made, with ${STORE_PASSWORD || 'nothing'} configured`, () => {
      const env = { ...STRIPE, STORE_PASSWORD };
      const creates = environmentOf(service('store-database'), env);
      for (const name of ['api', 'worker', 'simulated-api', 'simulated-worker']) {
        const { databaseUrl } = loadConfig(environmentOf(service(name), env));
        const url = new URL(databaseUrl ?? '');
        assert.deepEqual([url.hostname, url.port], [creates['PGHOST'], creates['PGPORT']], name);
        assert.equal(url.password, creates['STORE_PASSWORD'], name);
        assert.deepEqual([url.username, url.pathname], ['penstock', '/penstock'], 'as the script names them');
        assert.notEqual(url.username, creates['PGUSER'], 'a user of its own');
      }
    });
  }

  it('makes the store as who may, in the PostgreSQL that is there, before those start that use it', () => {
    const { image, environment = {} } = service('postgresql');
    assert.equal(service('store-database').image, image);
    const { PGUSER, PGPASSWORD } = service('store-database').environment ?? {};
    assert.deepEqual([PGUSER, PGPASSWORD], [environment['POSTGRES_USER'], environment['POSTGRES_PASSWORD']]);
    for (const name of ['api', 'worker', 'simulated-api', 'simulated-worker']) {
      const { depends_on = {} } = service(name);
      assert.equal(depends_on['store-database']?.condition, 'service_completed_successfully', name);
      assert.equal(depends_on['postgresql'], undefined, `${name} takes payments while the store is away`);
    }
  });

  it('keeps the store from the process that has nothing to keep there', () => {
    for (const name of ['webhooks', 'simulated-webhooks']) {
      assert.equal(loadConfig(environmentOf(service(name), STRIPE)).databaseUrl, undefined, name);
      assert.equal(service(name).depends_on?.['store-database'], undefined, name);
    }
  });

  it('gives every process longer to stop than it takes', () => {
    const longest = { policy: { payments: { ...loadConfig({}).policy.payments, stripe_timeout_ms: 80_000 } } };
    for (const [name, takesMs] of [
      ['api', API_STOPS_WITHIN_MS],
      ['simulated-api', API_STOPS_WITHIN_MS],
      ['webhooks', WEBHOOKS_STOP_WITHIN_MS],
      ['simulated-webhooks', WEBHOOKS_STOP_WITHIN_MS],
      ['worker', workerStopsWithinMs(longest)],
      ['simulated-worker', workerStopsWithinMs(longest)],
      ['simulator', STOPS_WITHIN_MS],
    ] as const) {
      assert.ok(durationMs(service(name).stop_grace_period) > takesMs, `${name} takes ${takesMs} ms`);
    }
  });
});

describe('the services of the profile simulator', () => {
  it('run with nothing configured, on the simulator by its name', () => {
    for (const name of ['simulated-api', 'simulated-webhooks', 'simulated-worker']) {
      const config = loadConfig(environmentOf(service(name), {}));
      assert.equal(config.temporal.address, 'temporal:7233');
      assert.deepEqual(
        config.accounts.map((a) => [a.name, a.apiBase]),
        [['default', 'http://simulator:12111']],
      );
    }
    const api = loadConfig(environmentOf(service('simulated-api'), {}));
    assert.equal(api.host, '0.0.0.0');
    assert.equal(api.apiKeyHashes.length, 1, 'whoever reaches it needs a key all the same');
    const { webhooks } = loadConfig(environmentOf(service('simulated-webhooks'), {}));
    const { command = [] } = service('simulator');
    assert.ok(command.includes(`--webhook-url=http://simulated-webhooks:${webhooks.port}/webhooks/stripe/default`));
  });

  it('show the metrics of each process within their network', () => {
    for (const name of ['simulated-worker', 'worker']) {
      const { host, metrics } = loadConfig(environmentOf(service(name), STRIPE));
      assert.deepEqual([host, metrics.port], ['0.0.0.0', 9464], name);
    }
  });

  it('never see a real key', () => {
    for (const [name, one] of Object.entries(withProfile(file, 'simulator'))) {
      const values = Object.values(environmentOf(one, { ...STRIPE, PENSTOCK_API_KEYS: 'another-key-of-the-api' }));
      for (const secret of Object.values(STRIPE)) assert.ok(!values.includes(secret), name);
    }
  });

  it('reach a simulator that listens where it is told', async () => {
    const simulator = await Simulator.open({ port: 0, host: '127.0.0.2', folder: undefined });
    const port = simulator.start();
    try {
      assert.equal((await fetch(`http://127.0.0.2:${port}/_simulator/`)).status, 200);
      await assert.rejects(fetch(`http://127.0.0.1:${port}/_simulator/`));
    } finally {
      await simulator.stop();
    }
  });
});

describe('the services of the profile stripe', () => {
  it('refuse to start without a key, by its name', () => {
    for (const name of ['api', 'webhooks', 'worker']) {
      assert.throws(
        () => loadConfig(environmentOf(service(name), {})),
        (error: Error) => error instanceof ConfigError && /^STRIPE_SECRET_KEY: /m.test(error.message),
        name,
      );
    }
  });

  it('are not started with a key alone: the rest is asked for by name', () => {
    for (const missing of ['STRIPE_WEBHOOK_SECRET', 'PENSTOCK_API_KEYS']) {
      const env = { ...STRIPE, [missing]: '' };
      for (const name of ['api', 'webhooks', 'worker']) {
        assert.throws(() => environmentOf(service(name), env), new RegExp(`required variable ${missing} is missing`));
      }
    }
  });

  it('talk to Stripe itself, with what is configured', () => {
    for (const name of ['api', 'webhooks', 'worker']) {
      const { accounts, apiKeyHashes } = loadConfig(environmentOf(service(name), STRIPE));
      assert.deepEqual(
        accounts.map((a) => [a.name, a.secretKey, a.webhookSecrets, a.apiBase]),
        [['default', STRIPE.STRIPE_SECRET_KEY, [STRIPE.STRIPE_WEBHOOK_SECRET], undefined]],
      );
      assert.equal(apiKeyHashes.length, 1);
    }
  });
});
