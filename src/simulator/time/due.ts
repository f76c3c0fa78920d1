import { announceBalance } from '../ledger/movements.js';
import type { DueKind } from '../objects/simulated.js';
import type { RequestContext } from '../requests/context.js';
import { expireAuthorization } from '../resources/capturing.js';
import { decideDebit } from '../resources/charging.js';
import { decideDispute, disputeLater, lapseInquiry, loseOverdue } from '../resources/disputing.js';
import { arrivePayout, payDaily, reconcilePayout, sendPayout } from '../resources/paying-out.js';
import { failRefund, settleRefund } from '../resources/refunds.js';
import { finishRun } from '../resources/report-runs.js';
import { settleLater } from '../resources/settling.js';

/**
 * What each scheduled thing does once it is due. Each looks at its object afresh and leaves alone what has moved on
 * meanwhile.
 */
export const DUE: Readonly<Record<DueKind, (context: RequestContext, id: string) => void>> = {
  authorization_expires: expireAuthorization,
  charge_settles: settleLater,
  debit_decided: decideDebit,
  refund_succeeds: settleRefund,
  refund_fails: (context, id) => failRefund(context, id),
  dispute_opens: (context, id) => disputeLater(context, id, { inquiry: false }),
  inquiry_opens: (context, id) => disputeLater(context, id, { inquiry: true }),
  dispute_decided: decideDispute,
  dispute_overdue: loseOverdue,
  inquiry_lapses: lapseInquiry,
  balance_available: announceBalance,
  payout_due: payDaily,
  payout_sent: sendPayout,
  payout_arrives: arrivePayout,
  payout_reconciled: reconcilePayout,
  report_ready: finishRun,
};
