import type { Kept } from '../results.js';
import type { Acknowledgement } from '../rows/acknowledgement.js';
import type { KillOutcome } from '../rows/kill.js';
import type { SimulatorFigures } from '../rows/simulator.js';
import type { Configuration, Visit, Visits } from '../rows/speed.js';
import type { StormOutcome } from '../rows/storm.js';
import type { WebhookFigures } from '../rows/webhooks.js';
import { type Check, compare, visitsOf } from './checks.js';
import { median, percentile } from './stats.js';
import { figure, table } from './table.js';

/** Medians over the rounds; the 99th percentile over all of them together, which one round has too few payments for. */
export function reportSpeed(visits: Visits): string[] {
  const rows = visits.map(({ configuration: { system, flags }, visits: of }) => {
    const middle = (value: (visit: Visit) => number) => figure(median(of.map(value)));
    const both = (values: (visit: Visit) => readonly number[]) => [
      middle((visit) => percentile(values(visit), 0.5)),
      figure(percentile(of.flatMap(values), 0.99)),
    ];
    return [
      `${system}, ${flags} flags`,
      middle((visit) => visit.paymentsPerSecond),
      middle((visit) => visit.nineInTenPerSecond),
      ...both((visit) => visit.acknowledgementMs),
      ...both((visit) => visit.endToEndMs),
      middle((visit) => median(visit.events)),
      middle((visit) => median(visit.actions)),
      middle((visit) => visit.stripeCalls),
      middle(processorMs),
    ];
  });
  const heads = [
    ['', 'payments', 'to nine', 'acknowledged', '', 'end to end', '', 'history', 'billable', 'Stripe', 'processor'],
    ['', '/s', 'in ten /s', 'p50 ms', 'p99 ms', 'p50 ms', 'p99 ms', 'events', 'actions', 'calls', 'ms/payment'],
  ];
  return [...table([...heads, ...rows]), '', ...reportGains(visits)];
}

/** What each brings by itself: the code on the same flags, and the flags under the same code. */
function reportGains(visits: Visits): string[] {
  const gains: [string, Configuration, Configuration][] = [
    ['the code, on default flags', PENSTOCK.default, PLAIN.default],
    ['the code, on penstock flags', PENSTOCK.penstock, PLAIN.penstock],
    ['the flags, under the plain sample', PLAIN.penstock, PLAIN.default],
    ['the flags, under Penstock', PENSTOCK.penstock, PENSTOCK.default],
  ];
  const endToEnd = (visit: Visit) => percentile(visit.endToEndMs, 0.5);
  const lines = gains.map(([gain, better, worse]) => {
    const [to, from] = [visitsOf(visits, better), visitsOf(visits, worse)];
    return [gain, figure(compare(to, from, (visit) => visit.paymentsPerSecond)), figure(compare(from, to, endToEnd))];
  });
  return table([['what each brings, times', 'payments/s', 'end to end p50'], ...lines]);
}

const PLAIN = {
  default: { system: 'plain', flags: 'default' },
  penstock: { system: 'plain', flags: 'penstock' },
} as const;
const PENSTOCK = {
  default: { system: 'penstock', flags: 'default' },
  penstock: { system: 'penstock', flags: 'penstock' },
} as const;

/** What a payment kept a processor busy for, in all of Penstock's or the sample's own parts and the server. */
function processorMs({ processorMs: used }: Visit): number {
  return used === null ? Number.NaN : used.worker + used.api + used.temporal;
}

export function reportAcknowledgement(all: readonly Acknowledgement[]): string[] {
  return table([
    ['', 'API p50 ms', 'p99 ms', 'bare p50 ms', 'p99 ms', 'p50 ratio', 'p99 ratio', 'two bare streams, p99'],
    ...all.map(({ surroundings, api, bare, p50, p99 }) => [
      surroundings,
      ...[api.p50, api.p99, bare.p50, bare.p99, p50.ratio, p99.ratio].map(figure),
      p99.chance.map(figure).join(' to '),
    ]),
  ]);
}

export function reportSimulator(figures: SimulatorFigures): string[] {
  const { simulator, mock, ratio, memory, bare, unheardMb } = figures;
  const quarters = [0.25, 0.5, 0.75, 1].map((part) => memory[Math.round(part * memory.length) - 1]);
  return [
    ...table([
      ['', 'simulator', 'stripe-mock', 'ratio', 'stripe-mock twice'],
      ['payments/s', figure(simulator), figure(mock), figure(ratio.ratio), ratio.chance.map(figure).join(' to ')],
    ]),
    '',
    ...table([
      ['payments made', ...quarters.map((sample) => String(sample?.payments ?? '-'))],
      ['MB resident', ...quarters.map((sample) => figure(sample?.mb ?? Number.NaN))],
    ]),
    '',
    ...table([
      ['through a bare client', 'without webhooks', 'nobody where they go', 'ratio', 'MB then'],
      ['payments/s', ...[bare.quiet, bare.unheard, bare.unheard / bare.quiet, unheardMb].map(figure)],
    ]),
  ];
}

export function reportWebhooks({ ingest, bare, ratio }: WebhookFigures): string[] {
  return table([
    ['', 'events', 'bare signals', 'ratio', 'bare twice'],
    ['per second', figure(ingest), figure(bare), figure(ratio.ratio), ratio.chance.map(figure).join(' to ')],
  ]);
}

export function reportStorm(outcomes: readonly StormOutcome[]): string[] {
  return table([
    [
      '',
      'payments',
      'charged twice',
      'charged, says failed',
      'says paid, uncharged',
      'lost',
      'turned away',
      'Stripe calls',
    ],
    ...outcomes.map((o) => [
      `${o.system}${o.killed ? ', everything killed half way' : ''}`,
      ...[o.payments, o.chargedTwice, o.chargedButFailed, o.succeededUncharged, o.lost, o.turnedAway].map(String),
      figure(o.stripeCalls ?? Number.NaN),
    ]),
  ]);
}

export function reportKills(outcomes: readonly KillOutcome[]): string[] {
  const paths = [...new Set(outcomes.map(({ path }) => path))];
  const parts = [...new Set(outcomes.map(({ part }) => part))];
  const cell = (part: string, path: string) => {
    const found = outcomes.find((o) => o.part === part && o.path === path);
    return found === undefined ? '-' : `${found.lost}, ${found.chargedTwice}, ${found.wrong} of ${found.payments}`;
  };
  return table([
    ['lost, charged twice, wrong by kill -9 of', ...parts],
    ...paths.map((path) => [path, ...parts.map((part) => cell(part, path))]),
  ]);
}

export function reportChecks(checks: readonly Check[]): string[] {
  return table([['', 'measured', 'target', ''], ...checks.map(cellsOf)]);
}

/** What was measured of these rows before, and by which code; of each that never was, how it is. */
export function reportKept(names: readonly string[], kept: ReadonlyMap<string, Kept>): string[] {
  const rows = [...kept.values()].flatMap(({ startedAt, commit, checks }) => {
    const code = `${commit.hash}${commit.changed ? ', changed since' : ''}`;
    const when = `${startedAt.toISOString().slice(0, 10)}, ${code}`;
    return checks.map((check) => [...cellsOf(check), when]);
  });
  const never = names.filter((name) => !kept.has(name));
  return [
    ...(rows.length === 0 ? [] : table([['', 'measured', 'target', '', 'when'], ...rows])),
    ...never.map((name) => `${name} was never measured here: npm run bench -- ${name}`),
  ];
}

function cellsOf({ what, measured, target, held }: Check): string[] {
  return [what, measured, target, held ? 'held' : 'MISSED'];
}
