import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { Client, Connection } from '@temporalio/client';
import { findPostgres } from '../../ops/topology/postgres.js';
import { findServer } from '../../ops/topology/temporal-server.js';
import { HISTORY_SHARDS, TEMPORAL_SERVER_VERSION } from '../../ops/topology/versions.js';
import { loadConfig } from '../../src/config/index.js';
import { freeLowPorts, isTaken } from '../../src/dev/ports.js';
import { openPostgres } from '../../src/store/postgres.js';
import { MAIN_QUEUE } from '../../src/workflows/messages.js';
import { ApiClient, aPayment } from '../support/api-client.js';
import { Part, ROOT, script } from '../support/process.js';
import { until } from '../support/until.js';

describe('npm run topology', () => {
  let folder: string;
  let env: Record<string, string>;
  let ports: readonly [number, number, number, number];
  let api: ApiClient;
  const topology = (changes: Record<string, string> = {}) =>
    new Part('topology', script('scripts/topology.ts'), { ...env, ...changes }, /serving; Ctrl-C stops it/);

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'penstock-topology-'));
    spawnSync('chmod', ['711', folder]);
    ports = (await freeLowPorts(4)) as [number, number, number, number];
    const [PORT, SIMULATOR_PORT, TEMPORAL_PORT, WEBHOOKS_PORT] = ports.map(String) as [string, string, string, string];
    env = { PENSTOCK_DATA_DIR: folder, PORT, SIMULATOR_PORT, TEMPORAL_PORT, WEBHOOKS_PORT };
    api = new ApiClient(`http://127.0.0.1:${PORT}`);
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  /** PostgreSQL's own note of its process id and port. */
  const postgres = () => {
    const lines = readFileSync(join(folder, 'topology/postgresql/postmaster.pid'), 'utf8').split('\n').map(Number);
    return { pid: lines[0] ?? 0, port: lines[3] ?? 0 };
  };

  /** What the store has of a payment once it has ended, read as the one who may read everything. */
  const keptOf = async (payment: string) => {
    const password = readFileSync(join(folder, 'topology/postgresql.password'), 'utf8');
    const database = openPostgres(`postgres://temporal:${password}@127.0.0.1:${postgres().port}/penstock`);
    try {
      const read = () =>
        database.query<{ charge: string; intent: string; status: string }>(
          `select id as charge, intent, result->>'status' as status from penstock.ledger
            join penstock.tombstones using (deployment, payment) where payment = $1 and closed_at is not null`,
          [payment],
        );
      let rows = await read().catch(() => []);
      await until(async () => {
        rows = await read().catch(() => []);
        return rows.length > 0;
      });
      const [row] = rows;
      assert.deepEqual([rows.length, row?.status], [1, 'succeeded']);
      return { charge: row?.charge, intent: row?.intent };
    } finally {
      await database.close();
    }
  };

  /** How many of Penstock's processes have the store's address, how many have not, and where its password can be read. */
  const passwordsSeen = (output: string) => {
    const own = join(folder, 'topology');
    const processes = readdirSync('/proc').flatMap((pid) => {
      try {
        const [environment = '', command = ''] = ['environ', 'cmdline'].map((what) =>
          readFileSync(join('/proc', pid, what), 'latin1'),
        );
        return command.includes(join(ROOT, 'dist')) && environment.includes(`PENSTOCK_DATA_DIR=${own}`)
          ? [{ environment, command }]
          : [];
      } catch {
        return [];
      }
    });
    const passwords = processes.flatMap(
      ({ environment }) => /\0DATABASE_URL=postgres:..penstock:([^@]+)@/.exec(environment)?.[1] ?? [],
    );
    const logs = readdirSync(own).filter((name) => name.endsWith('.log'));
    const read = [
      ...logs.map((name): [string, string] => [name, readFileSync(join(own, name), 'utf8')]),
      ...processes.map(({ command }): [string, string] => [command, command]),
      ['output', output] as [string, string],
    ];
    return {
      having: passwords.length,
      without: processes.length - passwords.length,
      seenIn: read.flatMap(([where, text]) => (passwords.some((password) => text.includes(password)) ? [where] : [])),
    };
  };

  const nothingListens = async (all: readonly number[]) =>
    (await Promise.all(all.map((port) => isTaken(port)))).every((taken) => !taken);

  it('takes payments on what the compose file describes, and leaves nothing running, not even when it is killed', async () => {
    const first = topology();
    await first.start();
    const paid = await api.pay(aPayment());
    assert.equal(paid.status, 'succeeded');
    // The payment may have ended with the reply.
    const webhooks = new ApiClient(`http://127.0.0.1:${ports[3]}`);
    const delivered = /^penstock_webhooks_total\{account="default",outcome="delivered"\} [1-9]/m;
    await until(async () => delivered.test((await webhooks.call<string>('GET', '/metrics')).body));

    const connection = Connection.lazy({ address: `127.0.0.1:${ports[2]}` });
    const { workflowService } = new Client({ connection });
    const cluster = await workflowService.getClusterInfo({});
    assert.equal(cluster.serverVersion, TEMPORAL_SERVER_VERSION);
    assert.equal(cluster.persistenceStore, 'postgres12');
    assert.equal(cluster.historyShardCount, HISTORY_SHARDS);
    const { config } = await workflowService.describeNamespace({ namespace: 'default' });
    assert.equal(Number(config?.workflowExecutionRetentionTtl?.seconds), 3650 * 86_400);
    const workers = async () => {
      const taskQueue = { name: MAIN_QUEUE };
      const { pollers } = await workflowService.describeTaskQueue({
        namespace: 'default',
        taskQueue,
        taskQueueType: 1,
      });
      return new Set(pollers?.map(({ identity }) => identity)).size;
    };
    await until(async () => (await workers()) === 2);
    await connection.close();

    const kept = await keptOf(paid.id);
    assert.equal(kept.intent, paid.payment_intent);
    assert.deepEqual(passwordsSeen(first.output), { having: 3, without: 2, seenIn: [] });

    const database = postgres();
    await first.kill9();
    await until(() => nothingListens([...ports, database.port]));

    const second = topology();
    await second.start();
    assert.equal((await api.get(paid.id)).body.status, 'succeeded', 'what was is still there');
    assert.deepEqual(await keptOf(paid.id), kept, 'in the store too');
    await keptOf((await api.pay(aPayment())).id);
    const again = postgres();
    assert.equal(await second.stop(), 0, second.output);
    assert.ok(await nothingListens([...ports, again.port]));
  });

  it('ends, and says which part, when one ends by itself', async () => {
    const part = topology();
    await part.start();
    const { pid, port } = postgres();
    process.kill(pid, 'SIGKILL');
    assert.equal(await part.ended(), 1, part.output);
    assert.match(part.output, /^penstock: PostgreSQL ended by itself \(SIGKILL\): see .*postgresql\.log$/m);
    await until(() => nothingListens([...ports, port]));
  });

  it('leaves nothing running when a part does not come up', async () => {
    // More than the namespace keeps: the API refuses to start.
    const part = topology({ PENSTOCK_MIN_RETENTION_DAYS: '4000' });
    await assert.rejects(part.start());
    assert.equal(await part.ended(), 1);
    assert.match(part.output, /^penstock: api ended by itself \(1\): see .*api\.log$/m);
    assert.match(readFileSync(join(folder, 'topology/api.log'), 'utf8'), /forgets closed payments after 3650 days/);
    assert.ok(await nothingListens(ports));
  });

  it('names the package where there is no PostgreSQL', () => {
    assert.throws(() => findPostgres(join(folder, 'nowhere')), /no PostgreSQL under .*apt-get install postgresql/);
  });

  it('gives the server settings that it knows', async () => {
    const { server } = await findServer(loadConfig(), () => undefined);
    const warnings = (file: string) => {
      const told = spawnSync(server, ['validate-dynamic-config', file], { encoding: 'utf8' });
      return `${told.stdout}${told.stderr}`.match(/warning: .*/g) ?? [];
    };
    assert.deepEqual(warnings(join(ROOT, 'ops/temporal/dynamicconfig.yaml')), []);
    const wrong = join(folder, 'wrong.yaml');
    writeFileSync(wrong, 'matching.nonesuch:\n  - value: 1\n');
    assert.equal(warnings(wrong).length, 1, 'it does tell');
  });
});
