import { outcomeOf } from '../domain/outcome.js';
import type { RefundSnapshot } from '../domain/refund/index.js';
import { advised, type ExchangeParts, orPaced, send, settledBy } from './exchange.js';
import { heartbeatWhile } from './heartbeat.js';
import type { FindRefundInput, RefundActivities } from './types.js';

/** The activities of refunds and disputes. */
export function createRefundActivities(parts: ExchangeParts): RefundActivities {
  const { gateway } = parts;
  return {
    createRefund: (input) =>
      heartbeatWhile(
        send(parts, input, async (write) => {
          const reply = await gateway.createRefund(input.account, input.params, write);
          return { outcome: outcomeOf(reply, input.earlierMayHaveArrived), shown: null, ...advised(reply) };
        }),
      ),
    findRefund: (input) => heartbeatWhile(orPaced(parts, findRefund(parts, input))),
    retrieveRefund: ({ account, refund }) =>
      heartbeatWhile(gateway.retrieveRefund(account, refund).then((reply) => settledBy(parts, reply))),
    retrieveDispute: ({ account, dispute }) =>
      heartbeatWhile(gateway.retrieveDispute(account, dispute).then((reply) => settledBy(parts, reply))),
  };
}

/** Looks for a refund of our own among all of its intent's; null when the complete list does not hold it. */
async function findRefund({ gateway }: ExchangeParts, input: FindRefundInput): Promise<RefundSnapshot | null> {
  let after: string | undefined;
  do {
    const { refunds, more } = await gateway.listRefunds(input.account, input.intent, after);
    const found = refunds.find(
      ({ labels }) => labels?.deployment === input.deployment && labels.workflowId === input.workflowId,
    );
    if (found !== undefined) return found;
    after = more ? refunds.at(-1)?.id : undefined;
  } while (after !== undefined);
  return null;
}
