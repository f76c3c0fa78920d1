/** What one endpoint was sent in one second, as the simulator counts it. */
export interface CountedSecond {
  /** Where the second begins, Unix ms. */
  readonly at_ms: number;
  readonly sent: number;
  readonly allowed: number;
}

/** A stretch of whole seconds in which so many requests a second are allowed. */
export interface Step {
  readonly perSecond: number;
  readonly seconds: number;
}

export interface BudgetUse {
  readonly sent: number;
  readonly allowed: number;
  /** Requests answered 429. */
  readonly refused: number;
  /** What was let through of what would have been, 0 to 1. */
  readonly used: number;
  /** The part of what was sent that was refused, 0 to 1. */
  readonly refusedShare: number;
}

/** What became of one step. */
export interface StepUse extends Step {
  readonly allowed: number;
  readonly refused: number;
}

/** What became of each of these steps, one after the other from `fromMs` (a whole second) on. */
export function stepsOf(seconds: readonly CountedSecond[], fromMs: number, steps: readonly Step[]): StepUse[] {
  let beginMs = fromMs;
  return steps.map((step) => {
    const [from, end] = [beginMs, beginMs + step.seconds * 1_000];
    beginMs = end;
    const within = seconds.filter(({ at_ms: at }) => at >= from && at < end);
    const allowed = sum(within.map((second) => second.allowed));
    return { ...step, allowed, refused: sum(within.map((second) => second.sent)) - allowed };
  });
}

/** What that is together. */
export function useOf(steps: readonly StepUse[]): BudgetUse {
  const allowed = sum(steps.map((step) => step.allowed));
  const refused = sum(steps.map((step) => step.refused));
  const sent = allowed + refused;
  const most = sum(steps.map((step) => step.perSecond * step.seconds));
  return { sent, allowed, refused, used: allowed / most, refusedShare: sent === 0 ? 0 : refused / sent };
}

/** A request that was let through. */
export interface Passed {
  readonly atMs: number;
  readonly work: 'checkout' | 'background';
}

export interface LeftOver {
  readonly checkout: number;
  readonly background: number;
  /** Background's part of what checkout left of the limit, 0 to 1. */
  readonly share: number;
  /** The fewest of background in any stretch of the window, a second. */
  readonly leastPerSecond: number;
}

/** Stretches by which background is held to its floor, s: of two requests a second a shorter one would count chance. */
export const FLOOR_STRETCH_S = 5;

/** What background made of what checkout left of `perSecond` in the window. */
export function leftOverOf(passed: readonly Passed[], fromMs: number, seconds: number, perSecond: number): LeftOver {
  const within = passed.filter(({ atMs }) => atMs >= fromMs && atMs < fromMs + seconds * 1_000);
  const background = within.filter(({ work }) => work === 'background');
  const checkout = within.length - background.length;
  const stretches = Array.from({ length: Math.floor(seconds / FLOOR_STRETCH_S) }, () => 0);
  for (const { atMs } of background) {
    const nth = Math.floor((atMs - fromMs) / (FLOOR_STRETCH_S * 1_000));
    if (nth < stretches.length) stretches[nth] = (stretches[nth] ?? 0) + 1;
  }
  return {
    checkout,
    background: background.length,
    share: background.length / (perSecond * seconds - checkout),
    leastPerSecond: Math.min(...stretches) / FLOOR_STRETCH_S,
  };
}

/** A request as the simulator's log has it. */
export interface Logged {
  readonly atMs: number;
  readonly idempotencyKey: string | null;
  readonly status: number | null;
}

/** When the first request of each payment reached Stripe, Unix ms, by the payment's id. */
export function firstAtStripe(requests: readonly Logged[]): ReadonlyMap<string, number> {
  const first = new Map<string, number>();
  for (const { atMs, idempotencyKey } of requests) {
    const payment = paymentIn(idempotencyKey);
    if (payment !== undefined && !first.has(payment)) first.set(payment, atMs);
  }
  return first;
}

/** The payment that an idempotency key of Penstock's is for: `penstock/1/<payment>/…`. */
export function paymentIn(key: string | null): string | undefined {
  return /^penstock\/1\/(pay\.[^/]+)\//.exec(key ?? '')?.[1];
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
