import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import {
  addsToDispute,
  type DisputeFact,
  type DisputeSnapshot,
  type DisputeState,
  disputeStanding,
  hasBeenTold,
  nextDispute,
  nextDisputeStep,
} from '../../../src/domain/dispute/index.js';
import { SEED } from '../../support/any-fact.js';
import { dispute, heard, noted, opened, readIt } from '../../support/dispute-facts.js';
import { HOUR, T0 } from '../../support/facts.js';

const RUNS = { seed: SEED, numRuns: 2_000 };
const OUT = { withdrawn: 1999 };
const BACK = { withdrawn: 1999, reinstated: 1999 };

/** The events Stripe sends of one dispute, in the order in which they happen. */
const COURSES: Readonly<Record<string, readonly DisputeSnapshot[]>> = {
  won: [
    dispute('needs_response'),
    dispute('needs_response', OUT),
    dispute('under_review', { ...OUT, evidenceSubmitted: 1 }),
    dispute('won', { ...OUT, evidenceSubmitted: 1 }),
    dispute('won', { ...BACK, evidenceSubmitted: 1 }),
  ],
  lost: [
    dispute('needs_response'),
    dispute('needs_response', OUT),
    dispute('under_review', { ...OUT, evidenceSubmitted: 1 }),
    dispute('lost', { ...OUT, evidenceSubmitted: 1 }),
  ],
  'lost unanswered': [dispute('needs_response'), dispute('needs_response', OUT), dispute('lost', OUT)],
  'inquiry closed': [
    dispute('warning_needs_response'),
    dispute('warning_under_review', { evidenceSubmitted: 1 }),
    dispute('warning_closed', { evidenceSubmitted: 1 }),
  ],
  'inquiry that became a dispute': [
    dispute('warning_needs_response'),
    dispute('warning_closed'),
    dispute('needs_response', OUT),
    dispute('lost', OUT),
  ],
  prevented: [dispute('warning_needs_response'), dispute('prevented')],
};

const tell = (shown: readonly DisputeSnapshot[], start: DisputeState = noted()) =>
  shown.reduce((state, d) => nextDispute(state, heard(d)), start);

describe('a dispute', () => {
  it('ends in the same standing whatever the order and the number of times it is told', () => {
    for (const [name, course] of Object.entries(COURSES)) {
      const truth = disputeStanding(tell(course));
      assert.deepEqual(
        [truth.status, truth.amount_withdrawn, truth.amount_reinstated],
        [course.at(-1)?.status, course.at(-1)?.withdrawn, course.at(-1)?.reinstated],
        name,
      );
      const any = fc.tuple(
        fc.shuffledSubarray([...course], { minLength: course.length }),
        fc.array(fc.constantFrom(...course), { maxLength: 4 }),
      );
      fc.assert(
        fc.property(any, ([order, twins]) => {
          for (const shown of [order, [...order, ...twins], [...twins, ...order]]) {
            assert.deepEqual(disputeStanding(tell(shown)), truth);
            assert.equal(tell(shown).readWanted, false, 'nothing in it contradicts itself');
          }
        }),
        { seed: SEED, numRuns: 200 },
      );
    }
  });

  it('counts no sight of another dispute or another account', () => {
    const before = tell([dispute('needs_response')]);
    for (const changes of [{ id: 'dp_2' }, { account: 'second' }]) {
      for (const fact of [heard(dispute('lost', changes)), readIt(dispute('lost', changes))]) {
        assert.equal(nextDispute(before, fact), before);
      }
    }
  });

  it('whose events contradict each other, or say what nobody here knows, is read once, and the read is believed', () => {
    for (const [first, then] of [
      ['won', 'lost'],
      ['lost', 'won'],
      ['lost', 'prevented'],
      ['needs_response', 'in_limbo'],
    ] as const) {
      const odd = tell([dispute(first), dispute(then)]);
      assert.deepEqual([odd.readWanted, odd.seen?.status], [true, first], `${first}, ${then}`);
      for (const truth of [first, then]) {
        const read = nextDispute(odd, readIt(dispute(truth)));
        assert.deepEqual([read.readWanted, read.seen?.status], [false, truth]);
      }
    }
  });

  it('that a bank has changed its mind about is what the read shows, money that moved included', () => {
    const lost = tell([dispute('lost', OUT)]);
    const read = nextDispute(lost, readIt(dispute('won', BACK)));
    const { status, amount_withdrawn, amount_reinstated } = disputeStanding(read);
    assert.deepEqual([status, amount_withdrawn, amount_reinstated], ['won', 1999, 1999]);
  });

  it('that asks for no evidence has no date for it', () => {
    assert.equal(disputeStanding(tell([dispute('needs_response')])).evidence_due_ms, T0 + 168 * HOUR);
    assert.equal(disputeStanding(tell([dispute('under_review')])).evidence_due_ms, null);
  });

  it('of which nothing was heard yet says so', () => {
    const { status, final, amount, dispute: id } = disputeStanding(noted());
    assert.deepEqual([status, final, amount, id], ['processing', false, 0, 'dp_1']);
  });
});

describe('news of a dispute that has closed', () => {
  it('is money that moved, another end, or an inquiry that became a dispute; and no repetition', () => {
    const lost = tell([dispute('lost', OUT)], opened());
    for (const shown of [dispute('needs_response'), dispute('under_review', OUT), dispute('lost', OUT)]) {
      assert.equal(addsToDispute(lost, shown), false, shown.status);
    }
    for (const shown of [dispute('won', OUT), dispute('lost', BACK), dispute('in_limbo')]) {
      assert.equal(addsToDispute(lost, shown), true, shown.status);
    }
    const inquiry = tell([dispute('warning_closed')], opened());
    assert.equal(addsToDispute(inquiry, dispute('needs_response', OUT)), true);
  });

  it('is nothing where the dispute was nobody’s here', () => {
    const foreign = nextDispute(tell([dispute('lost')]), { type: 'owned', owner: { kind: 'foreign' } });
    assert.equal(addsToDispute(foreign, dispute('won', BACK)), false);
  });
});

const statuses = [
  'warning_needs_response',
  'warning_closed',
  'needs_response',
  'under_review',
  'won',
  'lost',
  'in_limbo',
];
const anyDispute = fc
  .record({
    status: fc.constantFrom(...statuses, 'prevented', '__proto__', ''),
    withdrawn: fc.constantFrom(0, 1999),
    reinstated: fc.constantFrom(0, 1000, 1999),
    evidenceSubmitted: fc.constantFrom(0, 1),
    id: fc.constantFrom('dp_1', 'dp_1', 'dp_1', 'dp_2'),
    evidenceDueMs: fc.constantFrom(null, T0 + 10 * HOUR, T0 + 168 * HOUR),
  })
  .map(({ status, ...changes }) => dispute(status, changes));
const anyFact: fc.Arbitrary<DisputeFact> = fc.oneof(
  { weight: 5, arbitrary: anyDispute.map(heard) },
  { weight: 2, arbitrary: anyDispute.map(readIt) },
  fc.integer({ min: T0, max: T0 + 40 * HOUR }).map((againAtMs): DisputeFact => ({ type: 'looked', againAtMs })),
  fc
    .constantFrom('dispute_opened' as const, 'dispute_lost' as const, 'dispute_evidence_due' as const)
    .map((kind): DisputeFact => ({ type: 'alerted', alert: { kind, dueMs: null } })),
  fc.constant<DisputeFact>({ type: 'owned', owner: { kind: 'foreign' } }),
);

describe('nextDispute, over any facts at all', () => {
  it('never throws, and never forgets money that moved, evidence that was given, an owner or what people were told', () => {
    fc.assert(
      fc.property(fc.array(anyFact, { maxLength: 25, size: 'max' }), (facts) => {
        let before = opened();
        for (const fact of facts) {
          const now = nextDispute(before, fact);
          assert.deepEqual(JSON.parse(JSON.stringify(now)), now);
          for (const what of ['withdrawn', 'reinstated', 'evidenceSubmitted'] as const) {
            assert.ok((now.seen?.[what] ?? 0) >= (before.seen?.[what] ?? 0), what);
          }
          assert.ok(before.seen === null || now.seen !== null);
          assert.deepEqual(now.owner, before.owner);
          assert.ok(before.alerts.every((alert) => hasBeenTold(now.alerts, alert)));
          assert.equal(new Set(now.alerts.map((a) => JSON.stringify(a))).size, now.alerts.length);
          before = now;
        }
      }),
      RUNS,
    );
  });

  it('tells people of each thing once, and comes to rest at every moment', () => {
    const told: Record<string, number> = {};
    fc.assert(
      fc.property(fc.array(anyFact, { maxLength: 25, size: 'max' }), (facts) => {
        let state = noted();
        let now = T0;
        const alerts: string[] = [];
        for (const fact of facts) {
          state = nextDispute(state, fact);
          for (let steps = 0; ; steps += 1) {
            assert.ok(steps < 10, 'a hot loop');
            const step = nextDisputeStep(state, now);
            if (step.do === 'close' || step.do === 'wait') break;
            if (step.do === 'alert') alerts.push(JSON.stringify(step.alert));
            state = answered(state, step, now);
          }
          now += 5 * HOUR;
        }
        assert.equal(new Set(alerts).size, alerts.length, alerts.join());
        for (const alert of alerts) {
          const { kind } = JSON.parse(alert) as { kind: string };
          told[kind] = (told[kind] ?? 0) + 1;
        }
      }),
      RUNS,
    );
    for (const alert of ['dispute_opened', 'dispute_escalated', 'dispute_lost', 'dispute_evidence_due']) {
      assert.ok((told[alert] ?? 0) > 50, `only ${told[alert]} ${alert}`);
    }
  });
});

function answered(state: DisputeState, step: ReturnType<typeof nextDisputeStep>, now: number): DisputeState {
  switch (step.do) {
    case 'identify':
      return nextDispute(state, { type: 'owned', owner: opened().owner });
    case 'alert':
      return nextDispute(state, { type: 'alerted', alert: step.alert });
    default: {
      // A Stripe that shows the same over and over.
      const read = nextDispute(state, readIt(state.seen ?? dispute('needs_response')));
      return nextDispute(read, { type: 'looked', againAtMs: now + HOUR });
    }
  }
}
