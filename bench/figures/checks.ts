import type { Acknowledgement } from '../rows/acknowledgement.js';
import type { KillOutcome } from '../rows/kill.js';
import type { SimulatorFigures } from '../rows/simulator.js';
import type { Configuration, Visit, Visits } from '../rows/speed.js';
import type { StormOutcome } from '../rows/storm.js';
import type { WebhookFigures } from '../rows/webhooks.js';
import { type Band, median, percentile, ratios } from './stats.js';
import { figure } from './table.js';

/** One figure beside its target. */
export interface Check {
  readonly what: string;
  readonly measured: string;
  readonly target: string;
  readonly held: boolean;
  /** Of counts that must be 0: no noise excuses them. */
  readonly exact: boolean;
}

export const THROUGHPUT_TARGET = 3;
export const END_TO_END_TARGET = 5;
export const ACKNOWLEDGEMENT_TARGET = 2;
export const SIMULATOR_TARGET = 0.7;
export const WEBHOOKS_TARGET = 0.8;
/** What a garbage collector makes of a heap that does not grow. */
export const MEMORY_TARGET = 1.1;

/** The visits of one configuration. */
export function visitsOf(visits: Visits, { system, flags }: Configuration): readonly Visit[] {
  const found = visits.find(({ configuration: c }) => c.system === system && c.flags === flags);
  return found?.visits ?? [];
}

/** The median of the rounds' ratios: what slowed a whole round down slowed both. */
export function compare(of: readonly Visit[], to: readonly Visit[], value: (visit: Visit) => number): number {
  return median(ratios(of.map(value), to.map(value)));
}

export function checkSpeed(visits: Visits): Check[] {
  const refused = sum(visits.flatMap(({ visits: of }) => of.map((visit) => visit.refused + visit.unfinished)));
  const plain = visitsOf(visits, { system: 'plain', flags: 'default' });
  const penstock = visitsOf(visits, { system: 'penstock', flags: 'penstock' });
  const throughput = (value: (visit: Visit) => number, what: string): Check => {
    const ratio = compare(penstock, plain, value);
    return {
      what,
      measured: figure(ratio),
      target: `>= ${THROUGHPUT_TARGET}`,
      held: ratio >= THROUGHPUT_TARGET,
      exact: false,
    };
  };
  const endToEnd = compare(plain, penstock, (visit) => percentile(visit.endToEndMs, 0.5));
  return [
    throughput((visit) => visit.paymentsPerSecond, 'payments/s, Penstock : plain on default flags'),
    throughput((visit) => visit.nineInTenPerSecond, 'the same until nine in ten have closed'),
    {
      what: 'end to end p50, plain on default flags : Penstock',
      measured: figure(endToEnd),
      target: `>= ${END_TO_END_TARGET}`,
      held: endToEnd >= END_TO_END_TARGET,
      exact: false,
    },
    none('speed: requests refused, payments unfinished', refused),
  ];
}

/** Of a ratio. It holds when chance at its worst would still leave it at the target. */
function banded({ ratio, edges: [lowest, highest] }: Band): string {
  return `${figure(ratio)} (${figure(lowest)} to ${figure(highest)} by chance)`;
}

export function checkAcknowledgement({ surroundings, p99, refused }: Acknowledgement): Check[] {
  const ratio: Check = {
    what: `acknowledgement p99, API : bare workflow.start, ${surroundings}`,
    measured: banded(p99),
    target: `<= ${ACKNOWLEDGEMENT_TARGET}`,
    held: p99.edges[1] <= ACKNOWLEDGEMENT_TARGET,
    exact: false,
  };
  return [ratio, none(`acknowledgement: requests refused, ${surroundings}`, refused)];
}

export function checkStorm(outcomes: readonly StormOutcome[]): Check[] {
  const of = (isPenstock: boolean, harm: (o: StormOutcome) => number) =>
    sum(outcomes.filter(({ system }) => (system === 'penstock') === isPenstock).map(harm));
  const twice = (o: StormOutcome) => o.chargedTwice;
  const falselyFailed = (o: StormOutcome) => o.chargedButFailed;
  const other = (o: StormOutcome) => o.succeededUncharged + o.lost + o.turnedAway;
  const plain = of(false, twice) + of(false, falselyFailed);
  return [
    none('storm: charged twice by Penstock', of(true, twice)),
    none('storm: charged by Penstock and reported failed', of(true, falselyFailed)),
    none('storm: anything else wrong at Penstock', of(true, other)),
    {
      what: 'storm: charged twice, or charged and reported failed, by the plain samples',
      measured: String(plain),
      target: 'not 0',
      held: plain > 0,
      exact: false,
    },
  ];
}

export function checkKills(outcomes: readonly KillOutcome[]): Check[] {
  return [
    none('kill -9: payments lost', sum(outcomes.map((o) => o.lost))),
    none('kill -9: payments charged twice or wrong', sum(outcomes.map((o) => o.chargedTwice + o.wrong))),
  ];
}

export function checkSimulator({ ratio, growth, refused }: SimulatorFigures): Check[] {
  return [
    {
      what: 'payments/s made through stripe-node, simulator : stripe-mock',
      measured: banded(ratio),
      target: `>= ${SIMULATOR_TARGET}`,
      held: ratio.edges[0] >= SIMULATOR_TARGET,
      exact: false,
    },
    {
      what: 'memory of the simulator, second half of the payments : second quarter',
      measured: figure(growth),
      target: `<= ${MEMORY_TARGET}`,
      held: growth <= MEMORY_TARGET,
      exact: false,
    },
    none('simulator: payments refused', refused),
  ];
}

export function checkWebhooks({ ratio, refused, lost }: WebhookFigures): Check[] {
  return [
    {
      what: 'events/s taken, Temporal holding each : bare signals/s',
      measured: banded(ratio),
      target: `>= ${WEBHOOKS_TARGET}`,
      held: ratio.edges[0] >= WEBHOOKS_TARGET,
      exact: false,
    },
    none('webhooks: events not answered 200, signals refused', refused),
    none('webhooks: answered 200 and in no history', lost),
  ];
}

function none(what: string, count: number): Check {
  return { what, measured: String(count), target: '0', held: count === 0, exact: true };
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
