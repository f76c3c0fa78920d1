import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';

/**
 * The rules that keep the rooms apart are only as good as the patterns they are written in, and a pattern that matches
 * nothing looks just like code that keeps the rule. So each is shown code that breaks it.
 */
const root = fileURLToPath(new URL('..', import.meta.url));
const biome = join(root, 'node_modules', '.bin', 'biome');

interface Probe {
  /** A file of the room whose rules are tried. */
  readonly at: string;
  readonly code: string;
  /** The rule that must report it; null where the code is allowed. */
  readonly rule: string | null;
}

const IMPORTS = 'lint/style/noRestrictedImports';
const ENV = 'lint/style/noProcessEnv';

const imports = (at: string, from: string, rule: string | null): Probe => ({
  at,
  code: `import { x } from '${from}';\nexport const y = x;\n`,
  rule,
});

const PROBES: Readonly<Record<string, Probe>> = {
  'domain reaches no library': imports('src/domain/a.ts', 'zod', IMPORTS),
  'domain reaches no Node': imports('src/domain/a.ts', 'node:fs', IMPORTS),
  'domain reaches no Temporal': imports('src/domain/a.ts', '@temporalio/workflow', IMPORTS),
  'domain reaches no other room': imports('src/domain/a.ts', '../stripe/gateway.js', IMPORTS),
  'domain/payment reaches no other room': imports('src/domain/payment/a.ts', '../../stripe/gateway.js', IMPORTS),
  'domain takes not even a type from another room': {
    at: 'src/domain/a.ts',
    code: "import type { X } from '../stripe/gateway.js';\nexport type Y = X;\n",
    rule: IMPORTS,
  },
  'domain passes nothing on from another room': {
    at: 'src/domain/a.ts',
    code: "export * from '../stripe/gateway.js';\n",
    rule: IMPORTS,
  },
  'domain loads nothing at run time': {
    at: 'src/domain/a.ts',
    code: "export const y = () => import('node:fs');\n",
    rule: IMPORTS,
  },
  'domain may use domain': imports('src/domain/a.ts', './money.js', null),
  'domain may use domain/payment': imports('src/domain/a.ts', './payment/index.js', null),
  'domain/payment may use domain': imports('src/domain/payment/a.ts', '../ids.js', null),
  'domain/payment may use itself': imports('src/domain/payment/a.ts', './state.js', null),

  'workflows reach no Stripe': imports('src/workflows/a.ts', '../stripe/gateway.js', IMPORTS),
  'workflows reach no Node': imports('src/workflows/a.ts', 'node:fs', IMPORTS),
  'workflows reach no activity': imports('src/workflows/a.ts', '../activities/payments.js', IMPORTS),
  'workflows reach no configuration': imports('src/workflows/a.ts', '../config/index.js', IMPORTS),
  'workflows reach no other part of Temporal': imports('src/workflows/a.ts', '@temporalio/client', IMPORTS),
  'workflows may use domain': imports('src/workflows/a.ts', '../domain/payment/index.js', null),
  'workflows may use the types of activities': imports('src/workflows/a.ts', '../activities/types.js', null),
  'workflows may use themselves': imports('src/workflows/a.ts', './messages.js', null),
  'workflows may use Temporal': imports('src/workflows/a.ts', '@temporalio/workflow', null),

  'api reaches no Stripe': imports('src/api/a.ts', 'stripe', IMPORTS),
  'api reaches no part of the simulator': imports('src/api/a.ts', '../simulator/resources/charges.js', IMPORTS),
  'api may use webhooks': imports('src/api/a.ts', '../webhooks/deliver.js', null),
  'activities reach no api': imports('src/activities/a.ts', '../api/app.js', IMPORTS),
  'activities reach no Stripe but through the gateway': imports('src/activities/a.ts', 'stripe', IMPORTS),
  'activities may use the gateway': imports('src/activities/a.ts', '../stripe/gateway.js', null),
  'webhooks reach no api': imports('src/webhooks/a.ts', '../api/app.js', IMPORTS),
  'webhooks reach no Stripe': imports('src/webhooks/a.ts', 'stripe', IMPORTS),
  'the store reaches no workflow': imports('src/store/a.ts', '../workflows/index.js', IMPORTS),
  'the store reaches no api': imports('src/store/a.ts', '../api/app.js', IMPORTS),
  'the store reaches no Stripe': imports('src/store/a.ts', 'stripe', IMPORTS),
  'the store may use a database': imports('src/store/a.ts', 'pg', null),
  'the store may use domain': imports('src/store/a.ts', '../domain/ledger.js', null),
  'activities may use the store': imports('src/activities/a.ts', '../store/index.js', null),
  'activities reach no database but through the store': imports('src/activities/a.ts', 'pg', IMPORTS),
  'api reaches no database but through the store': imports('src/api/a.ts', '@electric-sql/pglite', IMPORTS),
  'stripe reaches no store': imports('src/stripe/a.ts', '../store/index.js', IMPORTS),
  'temporal reaches no store': imports('src/temporal/a.ts', '../store/index.js', IMPORTS),
  'stripe reaches no workflow': imports('src/stripe/a.ts', '../workflows/index.js', IMPORTS),
  'stripe reaches no activity': imports('src/stripe/a.ts', '../activities/types.js', IMPORTS),
  'stripe may use Stripe': imports('src/stripe/a.ts', 'stripe', null),
  'stripe may use domain': imports('src/stripe/a.ts', '../domain/outcome.js', null),
  'configuration reaches no room that uses it': imports('src/config/a.ts', '../stripe/gateway.js', IMPORTS),
  'telemetry reaches no Stripe': imports('src/telemetry/a.ts', 'stripe', IMPORTS),
  'the simulator shares no code with what it tests': imports('src/simulator/a.ts', '../domain/outcome.js', IMPORTS),
  'the processes reach no Stripe': imports('src/worker.ts', 'stripe', IMPORTS),

  'the environment is read by configuration only': {
    at: 'src/api/a.ts',
    code: 'export const y = process.env.PORT;\n',
    rule: ENV,
  },
  'the environment may be read by configuration': {
    at: 'src/config/a.ts',
    code: 'export const y = process.env.PORT;\n',
    rule: null,
  },
};

interface Report {
  readonly diagnostics: readonly { readonly category: string; readonly location: { readonly path: string } }[];
}

/** Probes of one room would overwrite each other: each gets a file of its own there. */
function fileOf(name: string, { at }: Probe): string {
  return `${dirname(at)}/${name.replace(/\W/g, '-')}.ts`;
}

describe('lint', () => {
  const folder = mkdtempSync(join(tmpdir(), 'penstock-lint-'));
  const reported = new Map<string, Set<string>>();

  before(async () => {
    const config = JSON.parse(readFileSync(join(root, 'biome.json'), 'utf8'));
    // The copy stands in no repository.
    writeFileSync(join(folder, 'biome.json'), JSON.stringify({ ...config, vcs: { enabled: false } }));
    for (const [name, probe] of Object.entries(PROBES)) {
      const file = join(folder, fileOf(name, probe));
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, probe.code);
    }
    for (const { category, location } of (await lint(folder)).diagnostics) {
      reported.set(location.path, (reported.get(location.path) ?? new Set()).add(category));
    }
  });
  after(() => rmSync(folder, { recursive: true }));

  for (const [name, probe] of Object.entries(PROBES)) {
    it(name, () => {
      const rules = [...(reported.get(fileOf(name, probe)) ?? [])];
      assert.deepEqual(rules, probe.rule === null ? [] : [probe.rule]);
    });
  }
});

function lint(folder: string): Promise<Report> {
  const args = ['lint', '--reporter=json', '--max-diagnostics=none', 'src'];
  return new Promise((resolve, reject) => {
    execFile(biome, args, { cwd: folder, maxBuffer: 16 * 1024 * 1024 }, (error, stdout) => {
      try {
        resolve(JSON.parse(stdout));
      } catch {
        reject(error ?? new Error('biome reported no JSON'));
      }
    });
  });
}
