import type { Fields, Given } from '../choices.js';
import type { Island } from '../island.js';

/** A request to Stripe's API. */
export interface Call {
  readonly method: 'GET' | 'POST' | 'DELETE';
  readonly path: string;
  readonly params: Readonly<Record<string, unknown>>;
  /** It comes from a customer's browser, with the publishable key. */
  readonly fromBrowser?: boolean;
}

/** A request to the simulator's own controls. */
export interface Control {
  readonly control: `${'PUT' | 'POST' | 'DELETE'} ${string}`;
  readonly body: object;
}

/** The same request again, under its own key. */
export interface Again {
  readonly again: 'unknown' | 'any';
  readonly pick: number;
  /** It says something else this time, which its key must not allow. */
  readonly otherwise: boolean;
}

export type Plan = Call | Control | Again;

/** A kind of operation: how often it comes, what may be chosen of it, and what is then to be done. */
export interface Kind {
  readonly weight: number;
  readonly fields: Fields;
  /** Undefined where there is nothing it could be done to. */
  readonly plan: (island: Island, given: Given<Fields>) => Plan | undefined;
}

export function kind<const F extends Fields>(
  weight: number,
  fields: F,
  plan: (island: Island, given: Given<F>) => Plan | undefined,
): Kind {
  return { weight, fields, plan: plan as Kind['plan'] };
}

export function post(path: string, params: Call['params'] = {}): Call {
  return { method: 'POST', path, params };
}

export function get(path: string, params: Call['params'] = {}): Call {
  return { method: 'GET', path, params };
}
