export * from './dispute.js';
export { type DisputeStep, nextDisputeStep } from './plan.js';
export { type DisputeStanding, disputeStanding } from './view.js';
