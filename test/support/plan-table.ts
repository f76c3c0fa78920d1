import assert from 'node:assert/strict';
import { it } from 'node:test';
import { type Fact, nextStep, type PaymentState, type Step } from '../../src/domain/payment/index.js';
import { after, SECOND, T0, taken } from './facts.js';

/** The step without the attempt it is about: which of them it is has a test of its own. */
export function stepAt(state: PaymentState, now: number): string {
  return inWords(nextStep(state, now));
}

function inWords(step: Step): string {
  switch (step.do) {
    case 'wait':
      return `wait for ${step.for} until ${step.untilMs === null ? 'told' : `+${(step.untilMs - T0) / SECOND} s`}`;
    case 'cancel':
      return `cancel ${step.intent}`;
    case 'report':
      return `report ${step.oddity.intent.id}`;
    case 'capture':
      return `capture ${step.capture.amount} of ${step.intent} under ${step.capture.key}`;
    default:
      return step.do;
  }
}

/** Each row: what is promised, the facts that led there, the time, the step. */
export function table(
  rows: readonly [name: string, facts: readonly Fact[], now: number, step: string][],
  terms = {},
): void {
  for (const [name, facts, now, step] of rows) {
    it(name, () => assert.equal(stepAt(after(taken(terms), ...facts), now), step));
  }
}
