import type { BesideFigures } from '../rows/beside.js';
import type { UseFigures, WorstSecond } from '../rows/budget-use.js';
import type { JobCalls } from '../rows/job-calls.js';
import type { LeftOverFigures } from '../rows/left-over.js';
import type { Check } from './checks.js';
import { figure, table } from './table.js';

export const USE_TARGET = 0.98;
export const HIDDEN_USE_TARGET = 0.975;
export const HIDDEN_REFUSED_TARGET = 0.005;
export const CHECKOUT_TARGET = 1.2;
export const FAIRNESS_TARGET = 1.5;
export const LEFT_OVER_TARGET = 0.95;
/** Else the load was not the one that the row is about. */
export const CHECKOUT_SERVED_TARGET = 0.98;
/** Calls of a job of the size that the target is for. */
export const RECONCILE_TARGET = 101;
export const RECOVER_TARGET = 12;

const percent = (share: number) => `${(share * 100).toFixed(2)}%`;

export function checkUse(use: UseFigures): Check[] {
  return [
    atLeast('use of the budget, 2 workers with a backlog', use.used, USE_TARGET),
    // Not exact, though it is a count: what two cores hold back for long enough, no pace can make good.
    { ...none('budget-use: 429s', use.refused), exact: false },
  ];
}

export function checkHidden({ used, refusedShare }: UseFigures): Check[] {
  return [
    atLeast('use of a limit that steps unseen', used, HIDDEN_USE_TARGET),
    {
      what: 'hidden-limit: requests refused',
      measured: percent(refusedShare),
      target: `< ${percent(HIDDEN_REFUSED_TARGET)}`,
      held: refusedShare < HIDDEN_REFUSED_TARGET,
      exact: false,
    },
  ];
}

/** @param perSecond what the account is allowed. */
export function checkWorst(stages: readonly WorstSecond[], perSecond: number): Check[] {
  const worst = Math.max(...stages.map(({ worstSecond }) => worstSecond));
  const target = `<= ${perSecond}`;
  return [
    {
      what: `worst second, ${stages.map(({ workers }) => workers).join(', ')} workers, one killed, one joining`,
      measured: String(worst),
      target,
      held: worst <= perSecond,
      exact: false,
    },
  ];
}

/** The ratio holds when chance at its worst would still leave it at the target. */
export function checkBeside({ ratio, refused, unsent }: BesideFigures, what: string, target: number): Check[] {
  const [lowest, highest] = ratio.edges;
  return [
    {
      what,
      measured: `${figure(ratio.ratio)} (${figure(lowest)} to ${figure(highest)} by chance)`,
      target: `<= ${target}`,
      held: Math.max(ratio.ratio, highest) <= target,
      exact: false,
    },
    none(`${what}: requests not taken, payments not sent`, refused + unsent),
  ];
}

export function checkLeftOver({ share, leastPerSecond, floorPerSecond, checkout, asked }: LeftOverFigures): Check[] {
  return [
    atLeast('checkout beside it, of what it asked for', checkout / asked, CHECKOUT_SERVED_TARGET),
    atLeast('background, of what checkout leaves', share, LEFT_OVER_TARGET),
    {
      what: 'background at its least, requests/s',
      measured: figure(leastPerSecond),
      target: `>= ${figure(floorPerSecond)}`,
      held: leastPerSecond >= floorPerSecond,
      exact: false,
    },
  ];
}

export function checkJobCalls(calls: JobCalls): Check[] {
  const { recovery, reconciliation } = calls;
  // By Stripe's own count: what the job says of itself is held to that.
  const atMost = (what: string, { counted }: JobCalls['recovery'], target: number): Check => ({
    what,
    measured: String(counted),
    target: `<= ${target}`,
    held: counted <= target,
    exact: true,
  });
  const unlike = (job: JobCalls['recovery']) => Math.abs(job.calls - job.counted);
  return [
    atMost(`calls to reconcile ${reconciliation.of} payments`, reconciliation, RECONCILE_TARGET),
    atMost(`calls to recover ${recovery.of} lost webhooks`, recovery, RECOVER_TARGET),
    none('calls-of-jobs: left undone, or found where nothing is', recovery.wrong + reconciliation.wrong),
    none('calls-of-jobs: calls that a job did not count', unlike(recovery) + unlike(reconciliation)),
  ];
}

export function reportUse({ steps, workers, sent, allowed, refused, used, worstSecond }: UseFigures): string[] {
  return table([
    ['limit/s', 'workers', 'sent', 'allowed', 'refused', 'used', 'worst second'],
    [
      steps.map(({ perSecond, seconds }) => `${perSecond} for ${seconds} s`).join(', '),
      ...[workers, sent, allowed, refused].map(String),
      percent(used),
      String(worstSecond),
    ],
  ]);
}

export function reportWorst(stages: readonly WorstSecond[]): string[] {
  return table([
    ['workers', 'sent', 'refused', 'worst second'],
    ...stages.map(({ workers, ...of }) => [workers, of.sent, of.refused, of.worstSecond].map(String)),
  ]);
}

export function reportBeside({ alone, beside, ratio, backlog }: BesideFigures): string[] {
  return table([
    ['acknowledgement to Stripe', 'p50 ms', 'p99 ms', 'p99 ratio', 'alone twice'],
    ['alone', figure(alone.p50), figure(alone.p99)],
    [
      `beside ${backlog} that wait`,
      ...[beside.p50, beside.p99, ratio.ratio].map(figure),
      ratio.chance.map(figure).join(' to '),
    ],
  ]);
}

export function reportLeftOver(figures: LeftOverFigures): string[] {
  const { perSecond, seconds, asked, checkout, background, refused, share, leastPerSecond } = figures;
  return table([
    ['limit/s', 's', 'checkout asks', 'gets', 'background', 'refused', 'of what is left', 'least/s'],
    [...[perSecond, seconds, asked, checkout, background, refused].map(String), percent(share), figure(leastPerSecond)],
  ]);
}

export function reportJobCalls(calls: JobCalls): string[] {
  const row = ({ of, calls: made, counted, wrong, seconds }: JobCalls['recovery']) => [
    ...[of, made, counted, wrong].map(String),
    figure(seconds),
  ];
  return table([
    ['', 'of', 'calls', "by Stripe's count", 'wrong', 's'],
    ['webhooks recovered', ...row(calls.recovery)],
    ['payments reconciled', ...row(calls.reconciliation)],
  ]);
}

function atLeast(what: string, share: number, target: number): Check {
  return { what, measured: percent(share), target: `>= ${percent(target)}`, held: share >= target, exact: false };
}

function none(what: string, count: number): Check {
  return { what, measured: String(count), target: '0', held: count === 0, exact: true };
}
