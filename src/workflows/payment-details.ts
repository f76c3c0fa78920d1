import { type PaymentState, type Step, standing, type WaitsFor } from '../domain/payment/index.js';

const WAITS: Readonly<Record<WaitsFor, string>> = {
  webhook: "waiting for Stripe's event (the sweep stands in for one that does not come)",
  customer: 'waiting for the customer',
  payment_method: 'waiting for another payment method',
  capture: 'authorised: waiting for a capture',
  stripe: 'waiting for Stripe to finish',
  repeat: 'waiting to ask again',
};

/** The current step in words, for the workflow's page in the Temporal Web UI (Markdown). */
export function describeStep(state: PaymentState, step: Step): string {
  const now = standing(state);
  const lines = [
    `**${now.status}**${now.final ? ' (final)' : ''}${now.outcome === 'unknown' ? ', outcome unknown' : ''}`,
  ];
  lines.push(sayStep(step));
  if (now.payment_intent !== null) lines.push(`intent \`${now.payment_intent}\` on account \`${now.account}\``);
  if (now.failure !== null) lines.push(`failure: ${now.failure.code ?? now.failure.kind}`);
  if (state.handedOver !== null) lines.push('a person has been called');
  return lines.join('\n\n');
}

function sayStep(step: Step): string {
  switch (step.do) {
    case 'close':
      return 'done';
    case 'wait':
      return WAITS[step.for] + (step.untilMs === null ? '' : ` until ${new Date(step.untilMs).toISOString()}`);
    case 'send':
      return `sending attempt ${step.attempt.number} to Stripe, in the lane of ${step.attempt.account}`;
    case 'find':
      return `looking for attempt ${step.attempt.number} in Stripe's list`;
    case 'read':
      return 'reading the intent';
    case 'capture':
      return `capturing ${step.capture.amount} of ${step.intent}`;
    case 'cancel':
      return `cancelling ${step.intent}, so that it can no longer collect`;
    case 'expire':
      return 'expires_at has passed';
    case 'reattempt':
      return 'trying again under a new key';
    case 'report':
      return `starting an incident: ${step.oddity.kind}`;
    case 'hand_over':
      return 'calling a person';
  }
}
