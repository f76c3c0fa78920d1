import { NO_EVENTS } from '../../support/amid.js';
import { soon } from '../../support/api-client.js';
import { until } from '../../support/until.js';
import { contentsOf, toPlain } from '../histories.js';
import { create, DROPPED, ended, type Paths, pay, SWEPT } from './path.js';

const AUTHENTICATES = { payment_method: 'pm_card_authenticationRequired' };

/** The plain payment: how it is paid, refused, given up and swept up. */
export const PLAIN: Paths = {
  paid: {
    holds: ['createPayment'],
    go: async (stack) => [(await stack.paid()).id],
  },
  declined: {
    holds: ['createPayment', 'cancelIntent'],
    go: async (stack) =>
      ended(stack, (await pay(stack, { payment_method: 'pm_card_visa_chargeDeclined', off_session: true })).id),
  },
  rejected: {
    holds: ['createPayment'],
    go: async (stack) => ended(stack, (await pay(stack, { payment_method: 'pm_card_nonesuch' })).id),
  },
  'refused-for-a-while': {
    holds: ['createPayment', 'createPayment', 'createPayment'],
    go: async (stack) => {
      await stack.simulator.faults({
        requests: [{ kind: 'reject', endpoint: 'payment_intents.create', reason: 'global-rate', times: 2 }],
      });
      return ended(stack, await create(stack));
    },
  },
  'canceled-while-waiting': {
    holds: ['createPayment', 'cancelIntent'],
    go: async (stack) => {
      const { id } = await pay(stack, AUTHENTICATES);
      await stack.api.cancel(id);
      return ended(stack, id);
    },
  },
  'canceled-by-temporal': {
    holds: ['createPayment', 'cancelIntent'],
    go: async (stack) => {
      const { id } = await pay(stack, AUTHENTICATES);
      await stack.temporal.workflow.getHandle(id).cancel();
      return ended(stack, id);
    },
  },
  expired: {
    holds: ['createPayment', 'cancelIntent'],
    go: async (stack) => ended(stack, (await pay(stack, { ...AUTHENTICATES, expires_at: soon() })).id),
  },
  'swept-up': {
    policy: SWEPT,
    holds: ['createPayment', 'listOverdue', 'findOverdue', 'tellPayments'],
    go: async (stack) => {
      await stack.simulator.faults({ webhooks: DROPPED, requests: [NO_EVENTS] });
      const { id } = await pay(stack);
      await ended(stack, id);
      let told = '';
      await until(async () => {
        for await (const { workflowId } of stack.temporal.workflow.list({ query: SWEEPS })) {
          if ((await stack.temporal.workflow.getHandle(workflowId).result()).told > 0) told = workflowId;
        }
        return told !== '';
      });
      return [id, told];
    },
  },
  'first-sweep': {
    policy: SWEPT,
    holds: ['listOverdue', 'forgetSweeps'],
    go: async (stack) => {
      // Only the first of an hour does the housekeeping.
      let first = '';
      await until(async () => {
        for await (const { workflowId } of stack.temporal.workflow.list({ query: SWEEPS })) {
          const history = await stack.temporal.workflow.getHandle(workflowId).fetchHistory();
          if (contentsOf(toPlain(history)).includes('forgetSweeps')) first = workflowId;
        }
        return first !== '';
      });
      return [first];
    },
  },
  'told-to-look': {
    holds: ['createPayment', 'retrieveIntent'],
    go: async (stack) => {
      await stack.simulator.faults({ webhooks: DROPPED });
      const { id } = await pay(stack);
      // As the sweep says of a payment that it does not find where it should be.
      await stack.temporal.workflow.getHandle(id).signal('lookYourself');
      return ended(stack, id);
    },
  },
};

const SWEEPS = "WorkflowType = 'sweep' AND ExecutionStatus = 'Completed'";
