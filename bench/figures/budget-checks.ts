import type { BesideFigures, StreamFigures } from '../rows/beside.js';
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
/** Else there was little to be beside. */
export const WORKED_TARGET = 0.8;
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
      exact: true,
    },
  ];
}

/** The ratio holds when chance at its worst would still leave it at the target. */
export function checkBeside(figures: BesideFigures, what: string, target: number): Check[] {
  const { alone, beside, elsewhere, aloneAgain, refused, unsent, leastWorkedPerSecond, leftPerSecond } = figures;
  const [ratio, chance] = [beside.p99 / alone.p99, aloneAgain.p99 / alone.p99];
  const worst = ratio * Math.max(chance, 1 / chance);
  return [
    {
      what: `${what}, p99 beside it : alone`,
      measured: `${figure(ratio)} (up to ${figure(worst)} by chance)`,
      target: `<= ${target}`,
      held: worst <= target,
      exact: false,
    },
    {
      what: `${what}, p99 beside it : beside as much work of another account`,
      measured: figure(beside.p99 / elsewhere.p99),
      target: `<= ${target}`,
      held: beside.p99 / elsewhere.p99 <= target,
      exact: false,
    },
    atLeast(
      `${what}: the backlog's calls, of what is left for them`,
      leastWorkedPerSecond / leftPerSecond,
      WORKED_TARGET,
    ),
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

export function reportUse(figures: UseFigures): string[] {
  const { steps, workers, sent, allowed, refused, used, worstSecond, underWayMs } = figures;
  const row = (limit: string, counts: readonly number[], share: number) => [
    limit,
    ...counts.map(String),
    percent(share),
  ];
  return [
    ...table([
      ['limit/s', 'sent', 'allowed', 'refused', 'used'],
      ...steps.map(({ perSecond, seconds, ...of }) =>
        row(
          `${perSecond} for ${seconds} s`,
          [of.allowed + of.refused, of.allowed, of.refused],
          of.allowed / (perSecond * seconds),
        ),
      ),
      ...(steps.length > 1 ? [row('together', [sent, allowed, refused], used)] : []),
    ]),
    '',
    ...table([
      ['workers', 'worst second', 'under way ms', 'so at most'],
      [...[workers, worstSecond].map(String), figure(underWayMs), percent(mostUsed(underWayMs))],
    ]),
  ];
}

/** What can be used of any limit where each request counts for its second and for as long as it is under way. */
function mostUsed(underWayMs: number): number {
  return 1_000 / (1_000 + underWayMs);
}

export function reportWorst(stages: readonly WorstSecond[]): string[] {
  return table([
    ['workers', 'sent', 'refused', 'worst second'],
    ...stages.map(({ workers, ...of }) => [workers, of.sent, of.refused, of.worstSecond].map(String)),
  ]);
}

export function reportBeside({ alone, beside, elsewhere, aloneAgain, backlog, payments }: BesideFigures): string[] {
  const streams: [string, StreamFigures][] = [
    ['alone', alone],
    ['alone again', aloneAgain],
    [`beside ${backlog} that wait`, beside],
    [`beside ${backlog} of another account`, elsewhere],
  ];
  const parts = ({ decided, handedOver, sent }: StreamFigures['way']) =>
    [decided, handedOver, sent].map(({ p50, p99 }) => `${figure(p50)}, ${figure(p99)}`);
  return [
    ...table([
      [`acknowledgement to Stripe, ${payments} payments each`, 'p50 ms', 'p99 ms', 'p99 : alone'],
      ...streams.map(([what, { p50, p99 }]) => [what, ...[p50, p99, p99 / alone.p99].map(figure)]),
    ]),
    '',
    ...table([
      ['of that, from its start on: p50, p99 ms', 'asks for the call', 'is handed it', 'is at Stripe'],
      ...streams.map(([what, { way }]) => [what, ...parts(way)]),
    ]),
  ];
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
