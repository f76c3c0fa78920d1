import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type AlertKind, type DisputeFact, nextDispute, nextDisputeStep } from '../../../src/domain/dispute/index.js';
import { dispute, heard, noted, opened, readIt } from '../../support/dispute-facts.js';
import { HOUR, T0 } from '../../support/facts.js';

const alerted = (kind: AlertKind, dueMs: number | null = null): DisputeFact => ({
  type: 'alerted',
  alert: { kind, dueMs },
});
const TOLD = alerted('dispute_opened');
const looked = (againAtMs: number): DisputeFact => ({ type: 'looked', againAtMs });
const open = [heard(dispute('needs_response')), TOLD];
/** Evidence is due a week after the dispute was opened, and people are told two days before. */
const NOTICE_AT = T0 + 120 * HOUR;
const NEVER = looked(T0 + 1_000 * HOUR);
const won = (withdrawn: number, reinstated: number) => [heard(dispute('won', { withdrawn, reinstated })), TOLD];

function stepAfter(facts: readonly DisputeFact[], now: number, start = opened()): string {
  const step = nextDisputeStep(facts.reduce(nextDispute, start), now);
  if (step.do === 'alert') return `alert ${step.alert.kind}`;
  return step.do === 'wait' ? `wait until +${(step.untilMs - T0) / HOUR} h` : step.do;
}

/** Each row: what is promised, the facts that led there, the time, the step. */
function table(rows: readonly [string, readonly DisputeFact[], number, string][]): void {
  for (const [name, facts, now, step] of rows) it(name, () => assert.equal(stepAfter(facts, now), step));
}

describe('a dispute that has just been heard of', () => {
  it('finds out whose it is before anything else, and closes where it is nobody’s here', () => {
    assert.equal(stepAfter([heard(dispute('lost'))], T0, noted()), 'identify');
    assert.equal(
      stepAfter([heard(dispute('lost')), { type: 'owned', owner: { kind: 'foreign' } }], T0, noted()),
      'close',
    );
  });

  table([
    ['of which nothing was shown is read', [], T0, 'read'],
    ['tells a person', [heard(dispute('needs_response'))], T0, 'alert dispute_opened'],
    ['tells a person even where it is over already', [heard(dispute('won'))], T0, 'alert dispute_opened'],
    [
      'that came of an inquiry tells a person anew',
      [heard(dispute('warning_closed')), TOLD, heard(dispute('needs_response'))],
      T0,
      'alert dispute_escalated',
    ],
    ['is asked after when its event is overdue', [...open, looked(T0 + HOUR)], T0 + HOUR, 'read'],
    ['waits for its event', [...open, looked(T0 + HOUR)], T0, 'wait until +1 h'],
  ]);
});

describe('evidence', () => {
  table([
    ['wakes the dispute when it is due in two days', [...open, NEVER], T0, 'wait until +120 h'],
    ['is told of when it is due in two days', [...open, NEVER], NOTICE_AT, 'alert dispute_evidence_due'],
    ['is told of when its date has passed, too', [...open, NEVER], T0 + 500 * HOUR, 'alert dispute_evidence_due'],
    [
      'is told of once',
      [...open, NEVER, alerted('dispute_evidence_due', T0 + 168 * HOUR)],
      NOTICE_AT,
      'wait until +1000 h',
    ],
    [
      'is told of for an inquiry too',
      [heard(dispute('warning_needs_response')), TOLD, NEVER],
      NOTICE_AT,
      'alert dispute_evidence_due',
    ],
    [
      'due by another date is told of again',
      [...open, NEVER, alerted('dispute_evidence_due', T0 + 10 * HOUR)],
      NOTICE_AT,
      'alert dispute_evidence_due',
    ],
    [
      'that was given is not asked for',
      [...open, heard(dispute('needs_response', { evidenceSubmitted: 1 })), NEVER],
      NOTICE_AT,
      'wait until +1000 h',
    ],
    [
      'under review is not asked for',
      [...open, heard(dispute('under_review')), NEVER],
      NOTICE_AT,
      'wait until +1000 h',
    ],
    [
      'without a date is not asked for',
      [heard(dispute('needs_response', { evidenceDueMs: null })), TOLD, NEVER],
      NOTICE_AT,
      'wait until +1000 h',
    ],
  ]);
});

describe('a dispute that is over', () => {
  table([
    ['lost tells a person', [heard(dispute('lost')), TOLD], T0, 'alert dispute_lost'],
    ['lost closes once a person was told', [heard(dispute('lost')), TOLD, alerted('dispute_lost')], T0, 'close'],
    ['won waits for the money that went out', [...won(1999, 0), looked(T0 + HOUR)], T0, 'wait until +1 h'],
    ['won asks after the money when its event is overdue', [...won(1999, 0), looked(T0)], T0, 'read'],
    ['won closes when the money is back', won(1999, 1999), T0, 'close'],
    ['won closes when the money is back at another rate of exchange', won(1999, 1957), T0, 'close'],
    ['won closes when no money ever went out', won(0, 0), T0, 'close'],
    ['an inquiry that was closed closes', [heard(dispute('warning_closed')), TOLD], T0, 'close'],
    ['prevented closes', [heard(dispute('prevented')), TOLD], T0, 'close'],
    ['is read first where its events contradict each other', [...won(0, 0), heard(dispute('prevented'))], T0, 'read'],
    [
      'closes with what the read shows',
      [...won(0, 0), heard(dispute('prevented')), readIt(dispute('prevented'))],
      T0,
      'close',
    ],
  ]);
});
