import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { type Fact, type PaymentState, standing } from '../../../src/domain/payment/index.js';
import { SEED } from '../../support/any-fact.js';
import { anyHearing, anyPath, anyStory, live } from '../../support/attempt-story.js';
import { after, event, sending, sent, settled, TERMS, taken } from '../../support/facts.js';

const RUNS = { seed: SEED, numRuns: 1_000 };

describe('next, over what Stripe could really show', () => {
  it('ends in the same standing whatever the order and the number of times an intent is shown', () => {
    const tellings = anyPath
      .chain((path) => anyHearing(path))
      .filter((facts) => facts.length > 0)
      .chain((facts) => {
        const shuffled = fc.shuffledSubarray(facts, { minLength: facts.length });
        return fc.tuple(fc.constant(facts), shuffled, fc.shuffledSubarray(facts));
      });
    fc.assert(
      fc.property(tellings, ([inOrder, shuffled, twins]) => {
        assert.deepEqual(shownBy(shuffled), shownBy(inOrder));
        assert.deepEqual(shownBy([...shuffled, ...twins]), shownBy(inOrder));
        assert.deepEqual(shownBy([...twins, ...shuffled]), shownBy(inOrder));
      }),
      RUNS,
    );
  });

  it('ends in the same standing wherever between our own sends and looks Stripe is heard', () => {
    // A refusal for good ends a payment of which nothing may have arrived, so there the order of our own facts counts.
    const executed = anyStory({ mayBeLeft: false }).filter(({ story }) => story.path.length > 0);
    fc.assert(
      fc.property(executed, ({ story, reordered }) => {
        const [one, other] = [live(story).last, live(reordered).last];
        assert.deepEqual(essence(one), essence(other));
      }),
      RUNS,
    );
  });

  it('is right about the money, whatever was lost, late, told twice or called off on the way', () => {
    const ends: Record<string, number> = { succeeded: 0, failed: 0, canceled: 0, none: 0 };
    fc.assert(
      fc.property(anyStory({ mayBeLeft: true }), ({ story }) => {
        const { last, executed } = live(story);
        const { status, final, amount_captured } = standing(last);
        const truth = story.path.at(-1);
        const heardOfIt = last.attempts.some((a) => a.seen?.intent.status === truth);
        ends[last.end?.status ?? 'none'] = (ends[last.end?.status ?? 'none'] ?? 0) + 1;
        if (!executed) return assert.ok(amount_captured === 0 && status !== 'succeeded');
        if (truth === 'succeeded') assert.ok(!final || (status === 'succeeded' && amount_captured === TERMS.amount));
        if (truth === 'canceled') assert.ok(amount_captured === 0 && status !== 'succeeded');
        // What is still open at Stripe can still collect, so nobody may be told that it is over.
        if (truth !== 'succeeded' && truth !== 'canceled') assert.equal(final, false);
        if ((truth === 'succeeded' || truth === 'canceled') && heardOfIt) assert.equal(final, true);
        assert.deepEqual(last.oddities, []);
        assert.equal(last.disregarded, 0);
      }),
      { ...RUNS, numRuns: 3_000 },
    );
    for (const [end, times] of Object.entries(ends)) assert.ok(times > 50, `only ${times} stories ended ${end}`);
  });

  it('shows an outcome as unknown, and never as failed, as long as only silence follows a send that may have arrived', () => {
    let unknown = 0;
    fc.assert(
      fc.property(anyStory({ mayBeLeft: true }), ({ story }) => {
        const { states } = live(story);
        states.forEach((state, i) => {
          const [attempt] = state.attempts;
          // Whatever comes after the end came too late to be told of it: only how it got there counts.
          if (states[i - 1]?.end || !attempt?.mayHaveArrived || attempt.seen !== null || attempt.dead) return;
          unknown += 1;
          assert.equal(standing(state).outcome, 'unknown');
          assert.equal(standing(state).status, 'processing');
        });
      }),
      RUNS,
    );
    assert.ok(unknown > 500, `only ${unknown} unknown states were tried`);
  });
});

/** What the facts alone come to, at a payment whose send has just ended with no answer. */
function shownBy(facts: readonly Fact[]) {
  return essence(after(taken(), sending(), ...facts));
}

function essence(state: PaymentState) {
  const { status, final, amount_captured } = standing(state);
  return { status, final, amount_captured };
}

describe('a reply', () => {
  it('is as good a fact as an event of the same intent', () => {
    fc.assert(
      fc.property(anyPath, (path) => {
        const byReply = path.reduce((state, s) => after(state, sending(), sent(settled(s))), taken());
        const byEvent = path.reduce((state, s) => after(state, event(s)), taken());
        assert.deepEqual(standing(byReply), standing(byEvent));
      }),
      { seed: SEED, numRuns: 200 },
    );
  });
});
