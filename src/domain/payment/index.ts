export { addsAfterClose } from './apply-intent.js';
export { capturable } from './captures.js';
export type { CanceledBy, Fact, IntentSource } from './facts.js';
export { next } from './next.js';
export { nextStep, type Step, type WaitsFor } from './plan.js';
export { currentTry, operationsOf, whyNotCancel, whyNotCapture, whyNotConfirm } from './refusals.js';
export * from './state.js';
export { addEntry, describeFact, type TimelineEntry } from './timeline.js';
export { type Standing, standing, statusFor } from './view.js';
