import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { Healthcheck, Instruction, JSONInstruction } from 'dockerfile-ast';
import { validate } from 'dockerfile-utils';
import { openPostgres } from '../../src/store/postgres.js';
import { aPayment } from '../support/api-client.js';
import { compiled } from '../support/code.js';
import { postgresMissing } from '../support/databases.js';
import { copyOf, emulate, keyword, type Stage, stages } from '../support/dockerfile.js';
import { ROOT } from '../support/process.js';
import { Stack } from '../support/stack.js';
import { until } from '../support/until.js';

/** Measured: 155 MB without the base; with the development tools it would be 260, with every platform's core 270. */
const LARGEST_BYTES = 180e6;

const [build, dependencies, final] = stages() as [Stage, Stage, Stage];
const one = (stage: Stage, word: string): Instruction => {
  const found = stage.steps.filter((step) => keyword(step) === word);
  assert.equal(found.length, 1, `one ${word}`);
  return found[0] as Instruction;
};
const words = (step: Instruction) => (step as JSONInstruction).getJSONStrings().map((word) => word.getJSONValue());

describe('the Dockerfile', () => {
  it('is one that Docker takes', () => {
    assert.deepEqual(validate(readFileSync(join(ROOT, 'Dockerfile'), 'utf8')), []);
    assert.equal(stages().length, 3);
  });

  it('stands on one base of an exact version', () => {
    for (const { image } of stages()) assert.match(image, /^node:\d+\.\d+\.\d+-bookworm-slim$/);
    assert.equal(new Set(stages().map(({ image }) => image)).size, 1);
  });

  it('runs as a user without rights, as the last word', () => {
    assert.equal(one(final, 'USER').getArgumentsContent(), 'node');
    const after = final.steps.slice(final.steps.indexOf(one(final, 'USER')));
    assert.ok(!after.some((step) => ['RUN', 'COPY', 'ADD', 'WORKDIR'].includes(keyword(step))));
  });

  it('starts node itself, so that signals reach it', () => {
    assert.deepEqual(words(one(final, 'CMD')), ['node', 'dist/api-server.js']);
    assert.ok(!final.steps.some((step) => keyword(step) === 'ENTRYPOINT'));
  });

  it('copies nothing into the image that .dockerignore keeps out, and lets nothing in that is not copied', () => {
    const allowed = readFileSync(join(ROOT, '.dockerignore'), 'utf8')
      .match(/^!.+$/gm)
      ?.map((line) => line.slice(1));
    const copied = stages()
      .flatMap(({ steps }) => steps.filter((step) => keyword(step) === 'COPY').map(copyOf))
      .flatMap(({ from, sources }) => (from === undefined ? sources : []))
      .map((source) => source.replace(/\/$/, ''));
    assert.deepEqual([...new Set(copied)].sort(), allowed?.sort());
  });
});

describe('what the image holds', () => {
  const needsPostgres = { skip: postgresMissing() };
  const folder = mkdtempSync(join(tmpdir(), 'penstock-image-'));
  let app: string;
  let stack: Stack | undefined;
  before(() => {
    const roots = { build: join(folder, 'build'), dependencies: join(folder, 'dependencies') };
    // The dependencies to build with are the ones installed here; what is copied beside them has to suffice.
    mkdirSync(join(roots.build, 'build'), { recursive: true });
    symlinkSync(join(ROOT, 'node_modules'), join(roots.build, 'build/node_modules'));
    emulate(build, { root: roots.build, skip: (command) => command === 'npm ci' });
    emulate(dependencies, { root: roots.dependencies });
    // What the last stage runs is set-up of the system underneath.
    app = emulate(final, { root: join(folder, 'final'), stages: roots, skip: (command) => /^apt-get /.test(command) });
  });
  after(async () => {
    await stack?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  it('is small, and nothing of what development needs', () => {
    const bytes = readdirSync(app, { recursive: true, encoding: 'utf8' })
      .map((file) => statSync(join(app, file)))
      .reduce((sum, file) => sum + (file.isFile() ? file.size : 0), 0);
    assert.ok(bytes < LARGEST_BYTES, `${Math.round(bytes / 1e6)} MB`);
    assert.deepEqual(readdirSync(app).sort(), ['dist', 'node_modules', 'package.json']);
    const { devDependencies } = JSON.parse(readFileSync(join(app, 'package.json'), 'utf8'));
    // What a production dependency needs too is there for that one.
    const shared = ['@types/node', 'ajv', 'ajv-formats'];
    const left = Object.keys(devDependencies).filter((name) => existsSync(join(app, 'node_modules', name)));
    assert.deepEqual(left, shared);
    const platforms = readdirSync(join(app, 'node_modules/@temporalio/core-bridge/releases'));
    assert.equal(platforms.length, 1, `${platforms}`);
    assert.ok(!existsSync(join(app, 'node_modules/@electric-sql')), 'no PGlite: the store here is PostgreSQL');
  });

  it(
    'takes a payment and its event, each in a process of its own, and keeps both in the store',
    needsPostgres,
    async () => {
      const own = await Stack.start({
        code: compiled(app),
        env: { NODE_ENV: 'production' },
        webhooksApart: true,
        withStore: true,
      });
      const database = openPostgres(own.databaseUrl);
      try {
        const { id } = await own.paid();
        const kept = () => database.query('select 1 from penstock.ledger where payment = $1', [id]);
        await until(async () => (await kept().catch(() => [])).length === 1);
      } finally {
        await database.close();
        await own.stop();
      }
    },
  );

  it('takes a payment, and its health check follows the API', async () => {
    stack = await Stack.start({ code: compiled(app), env: { NODE_ENV: 'production' } });
    assert.equal((await stack.api.pay(aPayment())).status, 'succeeded');
    const check = one(final, 'HEALTHCHECK') as Healthcheck;
    const [node, ...args] = JSON.parse((check.getArgumentsContent() ?? '').replace(/^CMD\s+/, '')) as [string];
    assert.equal(node, 'node');
    const health = () =>
      spawnSync(process.execPath, args, { env: { PORT: new URL(stack?.api.base ?? '').port }, cwd: app }).status;
    assert.equal(health(), 0);
    await stack.temporalServer.kill9();
    assert.equal(health(), 1, 'no Temporal, not ready');
    await stack.temporalServer.start();
    await stack.apiPart.stop();
    assert.equal(health(), 1, 'nobody there');
  });
});
