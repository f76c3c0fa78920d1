import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { type Fact, intentOf, next, type PaymentState, standing } from '../../../src/domain/payment/index.js';
import { anyFact, anyFacts, anyIntentFact, SEED } from '../../support/any-fact.js';
import { anyPath } from '../../support/attempt-story.js';
import { after, event, FIRST, NOT_EXECUTED, sending, sent, shown, TERMS, taken } from '../../support/facts.js';

const RUNS = { seed: SEED, numRuns: 1_000 };
const anyTerms = fc.record({ offSession: fc.boolean() }, { noNullPrototype: true });

/** Every state on the way, none of which the state function may write to. */
function statesOf(facts: readonly Fact[], terms = {}): PaymentState[] {
  const states = [deepFreeze(taken(terms))];
  for (const fact of facts) states.push(deepFreeze(next(states.at(-1) ?? taken(), deepFreeze(fact))));
  return states;
}

function deepFreeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null) return value;
  Object.values(value).forEach(deepFreeze);
  return Object.freeze(value);
}

/** Calls `check` with each fact and the states before and after it. */
function eachStep(
  facts: readonly Fact[],
  terms: { offSession: boolean },
  check: (before: PaymentState, fact: Fact, after: PaymentState) => void,
): void {
  const states = statesOf(facts, terms);
  facts.forEach((fact, i) => {
    const [before, now] = [states[i], states[i + 1]];
    if (before !== undefined && now !== undefined) check(before, fact, now);
  });
}

describe('next, over any facts at all', () => {
  it('never throws and never writes to what it was given', () => {
    fc.assert(
      fc.property(anyFacts, anyTerms, (facts, terms) => {
        assert.equal(statesOf(facts, terms).length, facts.length + 1);
      }),
      RUNS,
    );
  });

  it('never changes an end, nor anything the API shows of one', () => {
    fc.assert(
      fc.property(anyFacts, anyTerms, (facts, terms) => {
        eachStep(facts, terms, (before, _fact, now) => {
          if (before.end === null) return;
          assert.deepEqual(now.end, before.end);
          assert.deepEqual(standing(now), standing(before));
          assert.ok(now.endSeen || !before.endSeen, 'an end once seen stays seen');
        });
      }),
      RUNS,
    );
  });

  it('never forgets that a send may have arrived, a 500, or a key that can tell no more', () => {
    fc.assert(
      fc.property(anyFacts, anyTerms, (facts, terms) => {
        eachStep(facts, terms, (before, _fact, now) => {
          before.attempts.forEach((was, i) => {
            const is = now.attempts[i];
            assert.ok(is, 'no attempt disappears');
            assert.equal(is.key, was.key);
            for (const flag of ['mayHaveArrived', 'serverError', 'repeatIsUseless', 'dead'] as const) {
              assert.ok(is[flag] || !was[flag], flag);
            }
            assert.ok(is.lastDeadlineMs >= was.lastDeadlineMs);
            assert.ok(is.mayHaveArrived || is.seen === null, 'what was seen has arrived');
            assert.ok(
              was.birthMs === null || !was.mayHaveArrived || is.birthMs === was.birthMs || _fact.type === 'past_lost',
            );
          });
        });
      }),
      RUNS,
    );
  });

  it('takes an attempt for dead only by a look late enough, with nothing seen and no 500, or by a person’s word', () => {
    let proved = 0;
    fc.assert(
      fc.property(anyFacts, anyTerms, (facts, terms) => {
        eachStep(facts, terms, (before, fact, now) => {
          now.attempts.forEach((is, i) => {
            const was = before.attempts[i];
            if (!is.dead || was?.dead) return;
            proved += 1;
            assert.ok(was, 'no attempt is born dead');
            assert.ok(!was.sending && was.seen === null);
            if (fact.type === 'ruled_dead') {
              assert.ok(now.leaving !== null || now.end !== null);
              return;
            }
            assert.ok(fact.type === 'absent' && fact.attempt === was.number);
            assert.ok(fact.atMs >= was.lastDeadlineMs + TERMS.timing.proofDelayMs);
            assert.ok(!was.serverError && was.confirms === null);
          });
        });
      }),
      RUNS,
    );
    assert.ok(proved > 50, `only ${proved} proofs were tried`);
  });

  it('opens another attempt of its own only when no other can collect any more, and never while it is left or over', () => {
    const opened = { afterDeath: 0, offered: 0, elsewhere: 0 };
    fc.assert(
      fc.property(anyFacts, anyTerms, (facts, terms) => {
        eachStep(facts, terms, (before, fact, now) => {
          if (now.attempts.length === before.attempts.length) return;
          const last = before.attempts.at(-1);
          const born = now.attempts.at(-1);
          assert.ok(last && born && before.end === null);
          assert.equal(now.attempts.length, before.attempts.length + 1);
          assert.equal(new Set(now.attempts.map((a) => a.key)).size, now.attempts.length, 'each has a key of its own');
          if (fact.type === 'attempt_opened') {
            opened.afterDeath += 1;
            assert.ok(last.dead && last.seen === null && last.confirms === null && before.leaving === null);
          } else if (fact.type === 'method_offered') {
            opened.offered += 1;
            const declined = last.seen?.intent.status === 'requires_payment_method';
            const refused = last.seen === null && last.rejected !== null && last.confirms !== null && !last.sending;
            assert.ok((declined || refused) && before.leaving === null);
            assert.deepEqual([born.operation, born.paymentMethod], [fact.operation, fact.paymentMethod]);
          } else {
            // Somebody else's, which Stripe has shown: never sent from here.
            opened.elsewhere += 1;
            assert.ok(fact.type === 'intent' && fact.asOf !== undefined && born.seen !== null && born.sends === 0);
            assert.equal(born.confirms, fact.intent.id);
          }
        });
      }),
      RUNS,
    );
    for (const [how, times] of Object.entries(opened)) assert.ok(times > 10, `only ${times} were opened: ${how}`);
  });

  it('ends failed or canceled only when every attempt that may have arrived is dead or canceled at Stripe', () => {
    let ended = 0;
    fc.assert(
      fc.property(anyFacts, anyTerms, (facts, terms) => {
        eachStep(facts, terms, (before, _fact, now) => {
          if (before.end !== null || now.end === null || now.end.status === 'succeeded') return;
          ended += 1;
          const canceled = now.attempts.flatMap((a) =>
            a.seen?.intent.status === 'canceled' ? [a.seen.intent.id] : [],
          );
          for (const attempt of now.attempts) {
            const intent = intentOf(attempt);
            assert.ok(!attempt.mayHaveArrived || attempt.dead || (intent !== null && canceled.includes(intent)));
          }
        });
      }),
      RUNS,
    );
    assert.ok(ended > 100, `only ${ended} ends without money were tried`);
  });

  it('never counts more money than the payment is for, and counts some only at success', () => {
    fc.assert(
      fc.property(anyFacts, anyTerms, (facts, terms) => {
        for (const state of statesOf(facts, terms)) {
          assert.ok(state.amountCaptured >= 0 && state.amountCaptured <= TERMS.amount);
          assert.ok(state.amountCaptured === 0 || state.end?.status === 'succeeded');
        }
      }),
      RUNS,
    );
  });

  it('makes states that survive JSON as they are', () => {
    fc.assert(
      fc.property(anyFacts, anyTerms, (facts, terms) => {
        for (const state of statesOf(facts, terms)) assert.deepEqual(JSON.parse(JSON.stringify(state)), state);
      }),
      RUNS,
    );
  });

  it('counts a fact that disagrees with the payment, and lets it move nothing', () => {
    const disagreeing = fc.constantFrom(
      { account: 'second' },
      { livemode: true },
      { amount: TERMS.amount + 1 },
      { currency: 'usd' },
      { amountReceived: TERMS.amount + 1 },
      { amountReceived: -1 },
      { amountReceived: Number.NaN },
      { amountCapturable: TERMS.amount + 1 },
      { amountCapturable: -1 },
    );
    // Every attempt is on the first account here, so that the account disagrees with each of them.
    const onFirst = anyFacts.map((facts) =>
      facts.map((fact) => (fact.type === 'attempt_opened' ? { ...fact, account: FIRST.account } : fact)),
    );
    fc.assert(
      fc.property(onFirst, anyTerms, anyIntentFact, disagreeing, (facts, terms, fact, changes) => {
        const before = statesOf(facts, terms).at(-1) ?? taken();
        const now = next(before, { ...fact, intent: { ...fact.intent, ...changes } });
        assert.equal(now.disregarded, before.disregarded + 1);
        // A read that was wanted has been made, whatever it showed: or it would be made for ever.
        const answered = fact.source === 'read' || fact.source === 'sweep';
        const readWanted = answered ? false : before.readWanted;
        assert.deepEqual(now, { ...before, disregarded: now.disregarded, readWanted, facts: now.facts });
      }),
      RUNS,
    );
  });

  it('takes a second intent of one attempt for an oddity that moves nothing, told once however often it shows', () => {
    const statuses = fc.constantFrom('succeeded', 'canceled', 'processing', 'requires_action', 'requires_magic');
    fc.assert(
      fc.property(anyPath, statuses, fc.constantFrom('webhook', 'read', 'sweep', 'reply'), (path, status, source) => {
        const before = after(taken(), ...path.map((s) => event(s)));
        const second = shown(source, status, { id: 'pi_2' });
        const once = next(before, second);
        assert.deepEqual(
          once.oddities.map((o) => [o.kind, o.intent.id, o.reported]),
          [['second_intent', 'pi_2', false]],
        );
        // A read that was wanted has been made, whatever it showed.
        const readWanted = source === 'read' || source === 'sweep' ? false : before.readWanted;
        assert.deepEqual({ ...once, oddities: [], facts: before.facts }, { ...before, readWanted });
        assert.deepEqual(next(once, second), once);
      }),
      RUNS,
    );
  });

  it('takes money after an end without money for an oddity', () => {
    const endless = fc.constantFrom<Fact[]>(
      [event('canceled')],
      [sending(), sent(NOT_EXECUTED), { type: 'cancel_requested', by: 'api' }],
      [{ type: 'expired' }],
    );
    fc.assert(
      fc.property(endless, fc.array(anyFact, { maxLength: 10 }), (facts, more) => {
        const ended = after(taken(), ...facts);
        assert.equal(ended.end?.status, 'canceled');
        const later = after(ended, ...more, event('succeeded'));
        assert.ok(later.oddities.some((o) => o.intent.id === 'pi_1'));
        assert.equal(later.end?.status, 'canceled');
        assert.equal(later.amountCaptured, 0);
      }),
      RUNS,
    );
  });
});
