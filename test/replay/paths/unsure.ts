import { refundId } from '../../../src/domain/ids.js';
import { soon } from '../../support/api-client.js';
import type { Stack } from '../../support/stack.js';
import { create, DROPPED, ended, type Paths, pay, SOON_PROVED, strayOf, toldAtLast } from './path.js';

const CREATE = 'payment_intents.create';

/** Answers that do not come or cannot be believed, workers and runs that end in the middle, and what people are told of. */
export const UNSURE: Paths = {
  'reply-lost': {
    holds: ['createPayment', 'createPayment'],
    go: async (stack) => {
      await stack.simulator.faults({
        requests: [{ kind: 'reset_after', endpoint: CREATE, times: 1 }],
        webhooks: DROPPED,
      });
      return toldAtLast(stack, await create(stack));
    },
  },
  'server-error-then-found': {
    holds: ['createPayment', 'createPayment', 'findIntent'],
    go: async (stack) => {
      await stack.simulator.faults({
        requests: [{ kind: 'error_after', endpoint: CREATE, times: 1 }],
        webhooks: DROPPED,
      });
      return toldAtLast(stack, await create(stack));
    },
  },
  'proved-dead-then-again': {
    policy: { ...SOON_PROVED, key_life_ms: 1_000 },
    holds: ['createPayment', 'findIntent', 'createPayment'],
    go: async (stack) => {
      await stack.simulator.faults({ requests: [{ kind: 'reset_before', endpoint: CREATE }] });
      const id = await create(stack);
      await stack.api.untilTold(id, /is not in Stripe's list/);
      await stack.simulator.noFaults();
      await stack.api.untilTold(id, /attempt 2 opened/);
      return ended(stack, id);
    },
  },
  'worker-killed': {
    holds: ['createPayment', 'ACTIVITY_TASK_TIMED_OUT', 'createPayment'],
    go: async (stack) => {
      await stack.simulator.faults({ requests: [{ kind: 'hold_after', endpoint: CREATE }], webhooks: DROPPED });
      const id = await create(stack);
      await stack.simulator.untilHeld();
      await stack.workerPart.kill9();
      await stack.simulator.faults({ webhooks: DROPPED });
      await stack.simulator.release();
      await stack.workerPart.start();
      return toldAtLast(stack, id);
    },
  },
  'taken-back': {
    holds: ['createPayment', 'ACTIVITY_TASK_CANCELED'],
    go: async (stack) => {
      await stack.setLane('checkout', 0);
      const id = await create(stack);
      await stack.inLane(id);
      await stack.api.cancel(id);
      return ended(stack, id);
    },
  },
  'expired-in-its-lane': {
    holds: ['createPayment', 'ACTIVITY_TASK_TIMED_OUT'],
    go: async (stack) => {
      await stack.setLane('checkout', 0);
      const id = await create(stack, { expires_at: soon() });
      await stack.inLane(id);
      return ended(stack, id);
    },
  },
  reset: {
    holds: ['findIntent'],
    go: async (stack) => {
      await stack.simulator.faults({ webhooks: DROPPED });
      const { id } = await pay(stack);
      await reset(stack, id, FIRST_TASK);
      return toldAtLast(stack, id);
    },
  },
  'reset-while-waiting': {
    holds: ['createPayment', 'retrieveIntent'],
    go: async (stack) => {
      const { id, intent } = await pay(stack, { payment_method: 'pm_card_threeDSecure2Required' });
      await reset(stack, id, await lastTask(stack, id));
      await stack.api.untilShows(id, (p) => p.timeline?.some(({ source }) => source === 'stripe_read') === true);
      await stack.simulator.authenticate(intent, 'succeed');
      return ended(stack, id);
    },
  },
  'second-intent': {
    policy: { late_money: 'refund' },
    holds: ['createPayment', 'incident', 'alert', 'retrieveIntent', 'refund', 'createRefund'],
    go: async (stack) => {
      // Its own call is still under way, so that it has not closed when the other intent shows.
      await stack.simulator.faults({ requests: [{ kind: 'hold_after', endpoint: CREATE, times: 1 }] });
      const { id, intent } = await pay(stack);
      const stray = await strayOf(stack, intent);
      await stack.api.untilTold(id, new RegExp(stray));
      await stack.simulator.release();
      await ended(stack, id);
      const incident = `incident.second_intent.${id}.${stray}`;
      const { refund } = await stack.temporal.workflow.getHandle(incident).result();
      if (refund === null) throw new Error('the second intent was not given back');
      return [id, incident, refundId(id, stray)];
    },
  },
  'handed-to-a-person': {
    policy: { patience_ms: 1_000 },
    holds: ['createPayment', 'incident', 'alert'],
    go: async (stack) => {
      await stack.simulator.faults({ requests: [{ kind: 'reset_before', endpoint: CREATE }] });
      const id = await create(stack);
      await stack.api.untilTold(id, /handed to a person/);
      const incident = stack.temporal.workflow.getHandle(`incident.unknown_outcome.${id}.none`);
      await incident.signal('resolveIncident', 'never_charged');
      await incident.result();
      return [...(await ended(stack, id)), incident.workflowId];
    },
  },
};

/** The event with which a run's first workflow task completed. */
const FIRST_TASK = 4;

async function lastTask(stack: Stack, id: string): Promise<number> {
  const { events } = await stack.temporal.workflow.getHandle(id).fetchHistory();
  return Number(events?.findLast((event) => event.workflowTaskCompletedEventAttributes != null)?.eventId);
}

/** Runs it again from this event on, and waits until the run that goes on knows that it was reset. */
async function reset(stack: Stack, id: string, from: number): Promise<void> {
  await stack.reset(id, null, { from });
  await stack.api.untilTold(id, /the run was reset/);
}
