import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { redact } from '../../src/telemetry/logger.js';
import { SEED } from '../support/any-fact.js';
import { anyCard } from '../support/luhn.js';

const RUNS = { seed: SEED, numRuns: 500 };

describe('redact', () => {
  it('takes out every kind of Stripe’s secrets, wherever it stands', () => {
    for (const secret of [
      'sk_test_51AbCdEf',
      'sk_live_51AbCdEf',
      'rk_live_51AbCdEf',
      'whsec_AbCdEf0123',
      'pi_3AbCdEf_secret_GhIjKl',
    ]) {
      for (const text of [
        secret,
        `Bearer ${secret}`,
        `{"key":"${secret}"}`,
        `key=${secret}&x=1`,
        `Invalid: ${secret}.`,
      ]) {
        const clean = redact(text);
        assert.ok(clean.includes('[secret]'), text);
        assert.ok(!clean.includes('AbCdEf'), text);
      }
    }
  });

  it('takes out whatever follows a secret’s prefix, and every one of several', () => {
    const secret = fc
      .tuple(fc.constantFrom('sk_test_', 'sk_live_', 'rk_test_', 'whsec_'), fc.stringMatching(/^[A-Za-z0-9]{8,40}$/))
      .map(([prefix, rest]) => prefix + rest);
    fc.assert(
      fc.property(secret, secret, (a, b) => {
        assert.equal(redact(`first ${a}, then "${b}"`), 'first [secret], then "[secret]"');
      }),
      RUNS,
    );
  });

  it('takes out a card number, also in groups', () => {
    const separator = fc.constantFrom('', ' ', '-');
    fc.assert(
      fc.property(anyCard, separator, fc.integer({ min: 1, max: 6 }), (number, between, size) => {
        const groups = number.match(new RegExp(`.{1,${size}}`, 'g')) ?? [];
        assert.equal(redact(`card ${groups.join(between)}, please`), 'card [digits], please');
      }),
      RUNS,
    );
  });

  it('leaves what a reader needs: ids, amounts, times in seconds, short numbers', () => {
    for (const text of [
      'pay.acme.order-17 is pi_3AbCdEf (succeeded)',
      '1999 eur at 1800000000 s',
      'No such PaymentMethod: pm_1PqRsT; request req_123456789012',
      '2026-01-31T12:00:00.000Z',
      'ask_me about task_lists and disk_space',
      '',
    ]) {
      assert.equal(redact(text), text);
    }
  });

  it('of what it has already redacted changes nothing more', () => {
    fc.assert(
      fc.property(
        fc.string({
          unit: fc.constantFrom('sk_', 'whsec_', '42', '4', ' ', '-', 'a', '_secret_', 'pi_'),
          maxLength: 30,
        }),
        (text) => {
          assert.equal(redact(redact(text)), redact(text));
        },
      ),
      RUNS,
    );
  });
});
