import type { Budget } from '../../src/control/budget.js';
import type { BudgetAnswer, BudgetAsk } from '../../src/control/issuer.js';
import type { BudgetIssuer } from '../../src/temporal/budget-issuer.js';
import { aBudget } from './a-budget.js';

const IDLE = { checkoutPerSecond: 0, backgroundPerSecond: 0, backgroundWaits: false };
const PATIENCE_MS = 20_000;

/** What a worker was granted, and until when at the latest it may use it and what it used counts, Unix ms. */
export interface Granted extends BudgetAnswer {
  readonly worker: string;
  readonly countsUntilMs: number;
}

/** Workers that ask an issuer for their shares, as they do, and nothing else. */
export class BudgetAskers {
  readonly granted: Granted[] = [];
  private readonly holding = new Map<string, number>();

  constructor(
    private readonly issuer: BudgetIssuer,
    readonly budget: Budget = aBudget({ perSecond: 100, perEndpoint: 100, leaseMs: 5_000 }),
  ) {}

  /** What a worker asks. */
  of(worker: string, changes: Partial<BudgetAsk> = {}): BudgetAsk {
    const holding = this.holding.get(worker) ?? 0;
    return { worker, holding, budget: this.budget, demand: 50, rose: false, lanes: IDLE, reads: 0, ...changes };
  }

  async ask(worker: string, changes: Partial<BudgetAsk> = {}): Promise<Granted> {
    const { budget } = this;
    const answer = await this.issuer.ask(this.of(worker, changes), PATIENCE_MS);
    const countsUntilMs = Date.now() + budget.leaseMs + budget.arrivesWithinMs + 1_000;
    const granted = { ...answer, worker, countsUntilMs };
    this.granted.push(granted);
    this.holding.set(worker, answer.lease);
    return granted;
  }

  /** What all of them may be using of the whole rate now: each the lease that reached it last. */
  inUse(): number {
    const last = new Map(this.granted.map((one) => [one.worker, one]));
    const now = Date.now();
    return [...last.values()].reduce((sum, one) => sum + (now < one.countsUntilMs ? (one.units['all'] ?? 0) : 0), 0);
  }
}
