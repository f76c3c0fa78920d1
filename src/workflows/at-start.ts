import { type DisputeState, openDispute } from '../domain/dispute/index.js';
import { followRefund, openRefund, type RefundState } from '../domain/refund/index.js';
import type { DisputeInput, RefundInput } from './messages.js';

/** What a refund's run knows as it starts; whoever starts it shows that in its memo, for as long as no worker has it. */
export function refundAtStart({ terms, owner, made, earlier }: RefundInput): RefundState {
  return earlier ?? (made === 'here' ? openRefund(terms, owner) : followRefund(terms, owner));
}

/** What a dispute's run knows as it starts. */
export function disputeAtStart({ dispute, account, intent, earlier }: DisputeInput): DisputeState {
  return earlier ?? openDispute(dispute, account, intent);
}
