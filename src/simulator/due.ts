import type { RequestContext } from './context.js';
import type { DueKind } from './objects.js';
import { expireAuthorization } from './resources/capturing.js';
import { decideDebit } from './resources/charging.js';
import { decideDispute, disputeLater, lapseInquiry, loseOverdue } from './resources/disputing.js';
import { failRefund, settleRefund } from './resources/refunds.js';

/**
 * What each scheduled thing does once it is due. Each looks at its object afresh and leaves alone what has moved on
 * meanwhile.
 */
export const DUE: Readonly<Record<DueKind, (context: RequestContext, id: string) => void>> = {
  authorization_expires: expireAuthorization,
  debit_decided: decideDebit,
  refund_succeeds: settleRefund,
  refund_fails: (context, id) => failRefund(context, id),
  dispute_opens: (context, id) => disputeLater(context, id, { inquiry: false }),
  inquiry_opens: (context, id) => disputeLater(context, id, { inquiry: true }),
  dispute_decided: decideDispute,
  dispute_overdue: loseOverdue,
  inquiry_lapses: lapseInquiry,
};
