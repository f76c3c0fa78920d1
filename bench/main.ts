import { parseArgs } from 'node:util';
import type { Check } from './figures/checks.js';
import { reportChecks, reportKept } from './figures/report.js';
import { commit, load, machine, stolenBetween, ticks } from './machine.js';
import { newestOf, type Server, writeResults } from './results.js';
import { type AllSizes, DEFAULT_ROWS, ROWS } from './rows/index.js';
import { measureInProduction, temporalVersion } from './stage/server.js';

/** Names in lines that fit a terminal, below each other where the help has them. */
function listed(names: readonly string[]): string {
  const half = Math.ceil(names.length / 2);
  const lines = [names.slice(0, half), names.slice(half)].map((some) => some.join(', '));
  return lines.join(`,\n${' '.repeat(36)}`);
}

const HELP = `Measures Penstock beside the plain sample in bench/plain/, on servers of its own with fresh data.

  npm run bench                     the default set, within 20 minutes:
                                    ${listed(DEFAULT_ROWS)};
                                    and prints what was kept of the others last
  npm run bench -- all              every row, within 75 minutes; beside those
                                    ${listed(Object.keys(ROWS).filter((name) => !DEFAULT_ROWS.includes(name)))}
  npm run bench -- ROW…             those
  npm run bench -- --quick          a few payments of everything: to try the bench itself, not to quote
  npm run bench -- --topology ROW…  those of the budget, on Temporal's server with PostgreSQL, as in production
  npm run bench -- --seed 7         other amounts, cards and faults

It prints a table for each row, then every ratio beside its target, and keeps it all in bench/results/. How each figure
is taken: docs/bench.md. Absolute times are this machine's and the moment's; what is claimed are ratios taken in one run.
`;

const DEFAULT_SEED = 20_261_121;

/** Instead of names: every row. */
const ALL = 'all';

const FULL: AllSizes = {
  speed: { rounds: 3, warmUp: 30, alone: 40, backlog: 200, acknowledged: 80 },
  acknowledgement: { windows: 7, requests: 300, warmUp: 30 },
  storm: { payments: 200 },
  kill: { perPath: 3 },
  simulator: { rounds: 7, requests: 5_000, payments: 200_000, unheard: 20_000 },
  webhooks: { rounds: 20, events: 3_000 },
  budgetUse: { seconds: 60 },
  worstSecond: { workers: [1, 2, 4], busyMs: 10_000 },
  hiddenLimit: { seconds: 60 },
  besideBackground: { rounds: 7, payments: 75, backlog: 10_000 },
  fairness: { rounds: 7, payments: 50, backlog: 5_000 },
  leftOver: { seconds: 120 },
  jobs: { payments: 10_000, lost: 1_000 },
};

const QUICK: AllSizes = {
  speed: { rounds: 1, warmUp: 5, alone: 5, backlog: 15, acknowledged: 20 },
  acknowledgement: { windows: 2, requests: 20, warmUp: 5 },
  storm: { payments: 30 },
  kill: { perPath: 1 },
  simulator: { rounds: 2, requests: 200, payments: 2_000, unheard: 1_000 },
  webhooks: { rounds: 2, events: 150 },
  budgetUse: { seconds: 5 },
  worstSecond: { workers: [1, 2], busyMs: 2_000 },
  hiddenLimit: { seconds: 4 },
  besideBackground: { rounds: 1, payments: 15, backlog: 1_000 },
  fairness: { rounds: 1, payments: 10, backlog: 1_000 },
  leftOver: { seconds: 10 },
  jobs: { payments: 250, lost: 30 },
};

interface RowResults {
  readonly seconds: number;
  readonly loadBefore: number;
  readonly loadAfter: number;
  /** The part of the processors that the host gave to others. */
  readonly stolen: number;
  readonly checks: readonly Check[];
  readonly data: unknown;
}

/** Of the processors: what is taken from a row's parts shows in its tail before it shows in its middle. */
const WORTH_SAYING = 0.02;

const print = (line = '') => process.stdout.write(`${line}\n`);
const say = (line: string) => process.stderr.write(`  ${line}\n`);

/** The rows to measure, and what the file with the results says of them in its name. */
interface Choice {
  readonly names: readonly string[];
  readonly called: readonly string[];
}

function chosen(named: readonly string[]): Choice {
  if (named.includes(ALL)) return { names: Object.keys(ROWS), called: [ALL] };
  return { names: named.length > 0 ? named : DEFAULT_ROWS, called: named };
}

async function bench({ names, called }: Choice, seed: number, sizes: AllSizes, server: Server): Promise<boolean> {
  const startedAt = new Date();
  const [at, code] = [machine(), commit()];
  const quick = sizes === QUICK;
  print(
    `${at.cores} cores (${at.model}), ${at.memoryGb} GB, Node.js ${at.node}; ` +
      `commit ${code.hash}${code.changed ? ', changed since' : ''}, seed ${seed}${quick ? '; --quick: not to be quoted' : ''}`,
  );
  const rows: Record<string, RowResults> = {};
  for (const name of names) {
    const row = ROWS[name];
    if (row === undefined) continue;
    const [loadBefore, rowAt, ticksBefore] = [load(), performance.now(), ticks()];
    say(`${name}: begins, load ${loadBefore.toFixed(1)}`);
    const { lines, checks, data } = await row.measure(sizes, seed, say);
    const seconds = (performance.now() - rowAt) / 1000;
    const stolen = stolenBetween(ticksBefore, ticks());
    rows[name] = { seconds, loadBefore, loadAfter: load(), stolen, checks, data };
    print(`\n${row.title}\n`);
    for (const line of lines) print(line);
    if (stolen >= WORTH_SAYING)
      print(`\nThe machine's host gave ${(stolen * 100).toFixed(0)}% of the processors to others meanwhile.`);
  }
  const checks = Object.values(rows).flatMap((row) => row.checks);
  print('\nBeside the targets\n');
  for (const line of reportChecks(checks)) print(line);
  const others = Object.keys(ROWS).filter((name) => !names.includes(name));
  if (called.length === 0) {
    print('\nMeasured by name, and kept from the last time\n');
    for (const line of reportKept(others, newestOf(others, server))) print(line);
  }
  const results = {
    startedAt,
    machine: at,
    commit: code,
    server,
    temporal: await temporalVersion(),
    seed,
    sizes,
    quick,
    rows,
  };
  print(`\n${writeResults(results, called)}`);
  return checks.every((check) => check.held || !check.exact);
}

/** What is running then ends with this process. */
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(130));

try {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      help: { type: 'boolean', default: false },
      quick: { type: 'boolean', default: false },
      topology: { type: 'boolean', default: false },
      seed: { type: 'string', default: String(DEFAULT_SEED) },
    },
  });
  const unknown = positionals.filter((name) => name !== ALL && !(name in ROWS));
  const seed = Number(values.seed);
  if (values.help) print(HELP);
  else if (unknown.length > 0) throw new Error(`there is no row ${unknown.join(', ')}\n\n${HELP}`);
  else if (!Number.isSafeInteger(seed)) throw new Error(`--seed takes a whole number\n\n${HELP}`);
  else {
    if (values.topology) measureInProduction();
    const server = values.topology ? 'production' : 'embedded';
    const exact = await bench(chosen(positionals), seed, values.quick ? QUICK : FULL, server);
    process.exitCode = exact ? 0 : 1;
  }
} catch (error) {
  process.stderr.write(`bench: ${(error as Error).stack ?? String(error)}\n`);
  process.exitCode = 1;
}
