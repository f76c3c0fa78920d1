import type { Payout } from '../objects/balance.js';
import type { Charge } from '../objects/charge.js';
import type { Customer } from '../objects/customer.js';
import type { Dispute } from '../objects/dispute.js';
import type { PaymentIntent } from '../objects/payment-intent.js';
import type { ShownMethod } from '../objects/payment-method.js';
import type { Refund } from '../objects/refund.js';
import type { ReportRun } from '../objects/reporting.js';

/** Of each kind, so many of the newest are remembered, and so many of the newest that fit are picked from. */
const REMEMBERED = 400;
const PICKED_FROM = 40;

export interface Objects {
  payment_intent: PaymentIntent;
  charge: Charge;
  refund: Refund;
  dispute: Dispute;
  customer: Customer;
  payment_method: ShownMethod;
  payout: Payout;
  'reporting.report_run': ReportRun;
}

export type ObjectName = keyof Objects;

/** What a caller knows of one account: what its answers have shown. */
export class Island {
  private readonly known: { readonly [O in ObjectName]: Map<string, Objects[O]> } = {
    payment_intent: new Map(),
    charge: new Map(),
    refund: new Map(),
    dispute: new Map(),
    customer: new Map(),
    payment_method: new Map(),
    payout: new Map(),
    'reporting.report_run': new Map(),
  };

  constructor(readonly secretKey: string) {}

  /** Takes in an answer. @param stale it may be older than what is known: then it shows only what is not known yet. */
  learn(body: unknown, stale: boolean): void {
    if (typeof body !== 'object' || body === null) return;
    const { object, id, data, error, deleted } = body as Record<string, unknown>;
    if (Array.isArray(data)) {
      // Newest first; and what is searched for is behind the times.
      for (const one of [...data].reverse()) this.learn(one, stale || object === 'search_result');
    } else if (object === undefined && typeof error === 'object') {
      // A decline, and a refusal by the intent's state, show the intent.
      this.learn((error as Record<string, unknown> | null)?.['payment_intent'], stale);
    } else if (typeof id === 'string' && typeof object === 'string' && Object.hasOwn(this.known, object)) {
      const known = this.known[object as ObjectName] as Map<string, unknown>;
      if (deleted === true) known.delete(id);
      else if (!stale || !known.has(id)) known.set(id, this.folded(body, stale));
      const [oldest] = known.keys();
      if (known.size > REMEMBERED && oldest !== undefined) known.delete(oldest);
    }
  }

  /** As it is without anything expanded; that is learnt by itself. */
  private folded(body: object, stale: boolean): unknown {
    const fields = Object.entries(body).map(([name, value]) => {
      const { id, object } = Object(value) as Record<string, unknown>;
      if (typeof id !== 'string' || typeof object !== 'string') return [name, value];
      this.learn(value, stale);
      return [name, id];
    });
    return Object.fromEntries(fields);
  }

  /** Of the newest that fit, or of the newest of all, the one that is picked; 0 is the newest. */
  pick<O extends ObjectName>(
    object: O,
    { of, aim }: { readonly of: number; readonly aim?: string },
    fits: (one: Objects[O]) => boolean = () => true,
  ): Objects[O] | undefined {
    const all = [...this.known[object].values()];
    const fitting = (aim === 'any' ? all : all.filter(fits)).slice(-PICKED_FROM);
    return fitting.at(-1 - (of % Math.max(1, fitting.length)));
  }
}
