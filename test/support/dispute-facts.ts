import {
  type DisputeFact,
  type DisputeSnapshot,
  type DisputeState,
  nextDispute,
  openDispute,
} from '../../src/domain/dispute/index.js';
import { HOUR, T0 } from './facts.js';
import { OWNER } from './refund-facts.js';

/** A dispute as its first event makes it known, and one whose payment has been found. */
export const noted = (): DisputeState => openDispute('dp_1', 'default', 'pi_1');
export const opened = (): DisputeState => nextDispute(noted(), { type: 'owned', owner: OWNER });

export function dispute(status: string, changes: Partial<DisputeSnapshot> = {}): DisputeSnapshot {
  return {
    account: 'default',
    livemode: false,
    id: 'dp_1',
    status,
    amount: 1999,
    currency: 'eur',
    reason: 'fraudulent',
    intent: 'pi_1',
    charge: 'ch_1',
    createdMs: T0,
    evidenceDueMs: T0 + 168 * HOUR,
    evidenceSubmitted: 0,
    withdrawn: 0,
    reinstated: 0,
    balanceCurrency: null,
    ...changes,
  };
}

export const heard = (shown: DisputeSnapshot): DisputeFact => ({ type: 'dispute', source: 'webhook', dispute: shown });
export const readIt = (shown: DisputeSnapshot): DisputeFact => ({ type: 'dispute', source: 'read', dispute: shown });
