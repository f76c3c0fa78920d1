import { passed, soon } from '../../support/api-client.js';
import { create, DAY_MS, DROPPED, ended, type Paths, pay, SOON_PROVED, toldAtLast } from './path.js';

const DECLINED = { payment_method: 'pm_card_visa_chargeDeclined' };
const AUTHORIZED = { capture_method: 'manual' };

/** Another method, authentication, captures, and banks that take days. */
export const LONGER: Paths = {
  'another-method': {
    holds: ['createPayment', 'confirmPayment', 'confirmPayment', 'confirmPayment'],
    go: async (stack) => {
      const { id } = await pay(stack, DECLINED);
      await stack.api.confirm(id, 'pm_card_chargeDeclinedExpiredCard');
      await stack.api.until(id, (p) => p.failure?.code === 'expired_card');
      await stack.simulator.faults({
        requests: [{ kind: 'reset_after', endpoint: 'payment_intents.confirm', times: 1 }],
        webhooks: DROPPED,
      });
      await stack.api.confirm(id, 'pm_card_visa');
      return toldAtLast(stack, id);
    },
  },
  'another-method-server-error-then-read': {
    holds: ['createPayment', 'confirmPayment', 'confirmPayment', 'retrieveIntent'],
    go: async (stack) => {
      const { id } = await pay(stack, DECLINED);
      await stack.simulator.faults({
        requests: [{ kind: 'error_after', endpoint: 'payment_intents.confirm', times: 1 }],
        webhooks: DROPPED,
      });
      await stack.api.confirm(id, 'pm_card_visa');
      return toldAtLast(stack, id);
    },
  },
  'another-method-missed-then-another': {
    policy: SOON_PROVED,
    holds: ['createPayment', 'confirmPayment', 'confirmPayment', 'retrieveIntent', 'confirmPayment'],
    go: async (stack) => {
      const { id } = await pay(stack, DECLINED);
      await stack.simulator.faults({
        requests: [{ kind: 'error_before', endpoint: 'payment_intents.confirm', times: 1 }],
        webhooks: DROPPED,
      });
      await stack.api.confirm(id, 'pm_card_visa');
      await stack.api.until(id, (p) => p.failure?.code === 'processing_error');
      await stack.api.confirm(id, 'pm_card_mastercard');
      return toldAtLast(stack, id);
    },
  },
  authenticated: {
    holds: ['createPayment'],
    go: async (stack) => {
      const { id, intent } = await pay(stack, { payment_method: 'pm_card_threeDSecure2Required' });
      await stack.simulator.authenticate(intent, 'succeed');
      return ended(stack, id);
    },
  },
  'authentication-failed': {
    holds: ['createPayment', 'confirmPayment'],
    go: async (stack) => {
      const { id, intent } = await pay(stack, { payment_method: 'pm_card_threeDSecure2Required' });
      await stack.simulator.authenticate(intent, 'fail');
      await stack.api.until(id, (p) => p.status === 'requires_payment_method');
      await stack.api.confirm(id, 'pm_card_visa');
      return ended(stack, id);
    },
  },
  'captured-in-part': {
    holds: ['createPayment', 'capturePayment', 'capturePayment'],
    go: async (stack) => {
      const { id } = await pay(stack, AUTHORIZED);
      await stack.simulator.faults({
        requests: [{ kind: 'reset_after', endpoint: 'payment_intents.capture', times: 1 }],
        webhooks: DROPPED,
      });
      await stack.api.capture(id, { amount: 500 });
      return toldAtLast(stack, id);
    },
  },
  'capture-missed': {
    policy: SOON_PROVED,
    // The first, its repeat under the same key, reads until the key has told enough, and one under the next.
    holds: ['createPayment', 'capturePayment', 'capturePayment', 'retrieveIntent', 'capturePayment'],
    go: async (stack) => {
      const { id } = await pay(stack, AUTHORIZED);
      await stack.simulator.faults({
        requests: [{ kind: 'error_before', endpoint: 'payment_intents.capture', times: 1 }],
        webhooks: DROPPED,
      });
      await stack.api.capture(id, { amount: 500 });
      await stack.api.untilTold(id, /capture 1 has not come about/);
      return toldAtLast(stack, id);
    },
  },
  'capture-handed-to-a-person': {
    policy: { patience_ms: 1_000 },
    holds: ['createPayment', 'capturePayment', 'alert', 'capturePayment'],
    go: async (stack) => {
      const { id } = await pay(stack, AUTHORIZED);
      await stack.simulator.faults({ requests: [{ kind: 'reset_before', endpoint: 'payment_intents.capture' }] });
      await stack.api.capture(id);
      await stack.api.untilTold(id, /handed to a person/);
      await stack.simulator.noFaults();
      return ended(stack, id);
    },
  },
  'let-go': {
    holds: ['createPayment', 'cancelIntent'],
    go: async (stack) => {
      const { id } = await pay(stack, AUTHORIZED);
      await stack.api.cancel(id);
      return ended(stack, id);
    },
  },
  'authorization-expired': {
    holds: ['createPayment'],
    go: async (stack) => {
      const { id } = await pay(stack, AUTHORIZED);
      await stack.simulator.advance(7 * DAY_MS);
      return ended(stack, id);
    },
  },
  'bank-pays': {
    holds: ['createPayment'],
    go: async (stack) => {
      const id = await create(stack, { payment_method: 'pm_usBankAccount_success', currency: 'usd' });
      await stack.api.untilTold(id, /is processing/);
      await stack.simulator.advance(5 * DAY_MS);
      return ended(stack, id);
    },
  },
  'bank-refuses-late': {
    holds: ['createPayment', 'cancelIntent'],
    go: async (stack) => {
      const expires_at = soon();
      const id = await create(stack, { payment_method: 'pm_usBankAccount_noAccount', currency: 'usd', expires_at });
      await stack.api.untilTold(id, /is processing/);
      await passed(expires_at);
      await stack.simulator.advance(5 * DAY_MS);
      return ended(stack, id);
    },
  },
};
