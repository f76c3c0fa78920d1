import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import Stripe from 'stripe';
import type { NotSentReason } from '../../src/domain/outcome.js';
import { NotSentError, replyOfError } from '../../src/stripe/classify.js';
import { TransportError } from '../../src/stripe/http-client.js';
import { SEED } from '../support/any-fact.js';

/** As stripe-node hands on whatever its HTTP client threw. */
function wrapped(detail: Error): Error {
  return new Stripe.errors.StripeConnectionError({
    message: 'An error occurred with our connection to Stripe.',
    detail,
  });
}

const REASONS = Object.keys({
  connection_refused: 0,
  key_too_old: 0,
  past_deadline: 0,
  no_budget: 0,
  account_paused: 0,
  account_unknown: 0,
  account_of_other_mode: 0,
} satisfies Record<NotSentReason, 0>) as NotSentReason[];

const replyOf = (error: unknown) => replyOfError(error, () => null);

describe('replyOfError', () => {
  it('what the guard kept back was not sent, however the client library wrapped it', () => {
    for (const why of REASONS) {
      assert.deepEqual(replyOf(wrapped(new NotSentError(why))), { kind: 'not_sent', why });
      assert.deepEqual(replyOf(new NotSentError(why)), { kind: 'not_sent', why });
    }
  });

  it('is not sent only where the connection certainly never stood', () => {
    assert.deepEqual(replyOf(wrapped(new TransportError(false, 'ECONNREFUSED'))), {
      kind: 'not_sent',
      why: 'connection_refused',
    });
    // A broken pipe is met while writing: part of the request may have been read, and the whole of it too.
    assert.deepEqual(replyOf(wrapped(new TransportError(true, 'EPIPE'))), { kind: 'lost', why: 'EPIPE' });
  });

  it('a connection that failed in a way nobody here knows is lost', () => {
    for (const code of ['ETIMEDOUT', 'CERT_HAS_EXPIRED', 'HPE_INVALID_CONSTANT', 'ESOMETHINGNEW']) {
      const failed = Object.assign(new Error(code), { code });
      assert.deepEqual(replyOf(wrapped(failed)), { kind: 'lost', why: 'connection lost' });
    }
  });

  it('a bug is thrown as the bug it is: it must not look like a charge nobody knows of', () => {
    for (const bug of [new TypeError('x is not a function'), new RangeError('Invalid time value')]) {
      assert.throws(
        () => replyOf(bug),
        (thrown) => thrown === bug,
      );
    }
  });

  it("any refusal in Stripe's own words keeps its status, its codes and its limiter, and is replayed only if told so", () => {
    const anyHeader = fc.option(fc.constantFrom('true', 'false', 'TRUE', ''), { nil: undefined });
    const anyError = fc.record({
      statusCode: fc.integer({ min: 400, max: 599 }),
      code: fc.option(fc.string(), { nil: undefined }),
      decline_code: fc.string(),
      message: fc.string({ minLength: 1 }),
      replayed: anyHeader,
      reason: fc.option(fc.string(), { nil: undefined }),
    });
    fc.assert(
      fc.property(anyError, ({ replayed, reason, ...raw }) => {
        const headers = {
          ...(replayed === undefined ? {} : { 'idempotent-replayed': replayed }),
          ...(reason === undefined ? {} : { 'stripe-rate-limited-reason': reason }),
        };
        const error = Stripe.errors.StripeError.generate({ ...raw, type: 'card_error', headers } as never);
        assert.deepEqual(replyOf(error), {
          kind: 'error',
          status: raw.statusCode,
          type: 'card_error',
          code: raw.code ?? null,
          declineCode: raw.decline_code || null,
          message: raw.message,
          object: null,
          rateLimitedReason: reason ?? null,
          replayed: replayed === 'true',
        });
      }),
      { seed: SEED, numRuns: 500 },
    );
  });
});
