import type { Owner } from '../following.js';

/** What Penstock keeps of a Stripe dispute. Times in Unix milliseconds, amounts in minor units. */
export interface DisputeSnapshot {
  readonly account: string;
  readonly livemode: boolean;
  readonly id: string;
  /** Stripe's status; open: a value nobody here knows must be survived. */
  readonly status: string;
  readonly amount: number;
  readonly currency: string;
  readonly reason: string;
  readonly intent: string | null;
  readonly charge: string;
  readonly createdMs: number;
  /** Until when evidence is taken; null where none is asked for. */
  readonly evidenceDueMs: number | null;
  readonly evidenceSubmitted: number;
  /**
   * The disputed money that went out of the Stripe balance, and what of it came back; both positive, in the balance's
   * currency. The fee that Stripe takes for a dispute is in neither.
   */
  readonly withdrawn: number;
  readonly reinstated: number;
  /** The currency of the two, which need not be the charge's; null while nothing has moved. */
  readonly balanceCurrency: string | null;
}

/**
 * How far along a status is. An inquiry can become a dispute after it was closed; a dispute ends won or lost. Events come
 * in no order, so the furthest counts, and a read overrules them: banks have been known to change their mind.
 */
const RANKS: Readonly<Record<string, number>> = {
  warning_needs_response: 1,
  warning_under_review: 2,
  warning_closed: 3,
  needs_response: 4,
  under_review: 5,
  prevented: 6,
  won: 6,
  lost: 6,
};

function rankOf(status: string): number {
  return Object.hasOwn(RANKS, status) ? (RANKS[status] ?? 0) : 0;
}

/** Evidence is asked for. */
export function needsResponse(status: string): boolean {
  return status === 'needs_response' || status === 'warning_needs_response';
}

/** A bank asks before it disputes. */
export function isInquiry(status: string): boolean {
  return status.startsWith('warning_');
}

/** Stripe has closed it. */
export function isClosed(status: string): boolean {
  return rankOf(status) === 6 || status === 'warning_closed';
}

export type AlertKind = 'dispute_opened' | 'dispute_escalated' | 'dispute_evidence_due' | 'dispute_lost';

/** What people are told of once: evidence that is due once for each date it is due by (Unix ms). */
export interface Alert {
  readonly kind: AlertKind;
  readonly dueMs: number | null;
}

export function hasBeenTold(alerts: readonly Alert[], { kind, dueMs }: Alert): boolean {
  return alerts.some((told) => told.kind === kind && told.dueMs === dueMs);
}

/** A dispute's whole state: plain JSON. */
export interface DisputeState {
  readonly id: string;
  readonly account: string;
  readonly intent: string | null;
  readonly owner: Owner;
  readonly seen: DisputeSnapshot | null;
  /** It was seen as an inquiry. */
  readonly inquired: boolean;
  /** Events contradict each other: a read settles it. */
  readonly readWanted: boolean;
  /** Not before this is Stripe asked again, Unix ms. */
  readonly againAtMs: number;
  /** What people have been told of. */
  readonly alerts: readonly Alert[];
}

export type DisputeFact =
  | { readonly type: 'dispute'; readonly source: 'webhook' | 'read'; readonly dispute: DisputeSnapshot }
  | { readonly type: 'owned'; readonly owner: Owner }
  | { readonly type: 'looked'; readonly againAtMs: number }
  | { readonly type: 'alerted'; readonly alert: Alert };

export function openDispute(id: string, account: string, intent: string | null): DisputeState {
  return {
    id,
    account,
    intent,
    owner: { kind: 'unknown' },
    seen: null,
    inquired: false,
    readWanted: false,
    againAtMs: 0,
    alerts: [],
  };
}

/** The dispute's one state function, total over facts in any order and any number of times. */
export function nextDispute(state: DisputeState, fact: DisputeFact): DisputeState {
  const after = apply(state, fact);
  return JSON.stringify(after) === JSON.stringify(state) ? state : after;
}

function apply(state: DisputeState, fact: DisputeFact): DisputeState {
  switch (fact.type) {
    case 'dispute': {
      const shown = show(state, fact.dispute, fact.source);
      return { ...shown, inquired: shown.inquired || (shown !== state && isInquiry(fact.dispute.status)) };
    }
    case 'owned':
      return state.owner.kind === 'unknown' ? { ...state, owner: fact.owner } : state;
    case 'looked':
      return { ...state, readWanted: false, againAtMs: Math.max(state.againAtMs, fact.againAtMs) };
    case 'alerted':
      return hasBeenTold(state.alerts, fact.alert) ? state : { ...state, alerts: [...state.alerts, fact.alert] };
  }
}

function show(state: DisputeState, shown: DisputeSnapshot, source: 'webhook' | 'read'): DisputeState {
  if (shown.account !== state.account || shown.id !== state.id) return state;
  const { seen } = state;
  if (seen === null) return { ...state, seen: shown, intent: shown.intent ?? state.intent };
  if (source === 'read') return { ...state, readWanted: false, seen: { ...shown, ...most(seen, shown) } };
  const [known, rank] = [rankOf(seen.status), rankOf(shown.status)];
  const contradicts = known === rank && seen.status !== shown.status;
  const status = rank > known ? shown.status : seen.status;
  return {
    ...state,
    readWanted: state.readWanted || contradicts || rank === 0,
    seen: { ...(rank > known ? shown : seen), status, ...most(seen, shown) },
  };
}

/** Money that went out or came back stays so, and evidence that was submitted, whichever event tells of it first. */
function most(a: DisputeSnapshot, b: DisputeSnapshot) {
  return {
    withdrawn: Math.max(a.withdrawn, b.withdrawn),
    reinstated: Math.max(a.reinstated, b.reinstated),
    evidenceSubmitted: Math.max(a.evidenceSubmitted, b.evidenceSubmitted),
    balanceCurrency: a.balanceCurrency ?? b.balanceCurrency,
  };
}

/** Whether a sight of a dispute that closed as `state` is anything but a repetition of what it knew. */
export function addsToDispute(state: DisputeState, dispute: DisputeSnapshot): boolean {
  if (state.owner.kind === 'foreign') return false;
  return nextDispute(state, { type: 'dispute', source: 'webhook', dispute }) !== state;
}
