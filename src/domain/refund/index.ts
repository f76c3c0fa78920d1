export { addsToRefund, isSettled, nextRefund } from './next.js';
export { nextRefundStep, type RefundStep } from './plan.js';
export * from './state.js';
export { holdsMoney, isRefunded, type RefundStanding, type RefundStatus, refundStanding } from './view.js';
