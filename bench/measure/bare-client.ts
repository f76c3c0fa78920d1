import { Agent, request } from 'node:http';

/** A client without the habits, and the cost, of a client library. */
export interface BareClient {
  /** Creates and confirms `count` payments, `atOnce` at a time, each under a key of its own. @returns how many failed. */
  payments(count: number, atOnce: number, firstKey: number): Promise<number>;
  close(): void;
}

const BODY =
  'amount=1999&currency=eur&payment_method=pm_card_visa&confirm=true&metadata[order]=6735' +
  '&automatic_payment_methods[enabled]=true&automatic_payment_methods[allow_redirects]=never';

/** @param bodyOf what the n-th payment is asked with; the same of every one where nothing is said. */
export function bareClient(base: string, key: string, bodyOf: (nth: number) => string = () => BODY): BareClient {
  const agent = new Agent({ keepAlive: true });
  const { hostname, port } = new URL(base);
  const pay = (nth: number) =>
    new Promise<boolean>((resolve) => {
      const body = bodyOf(nth);
      const headers = {
        authorization: `Bearer ${key}`,
        'content-type': 'application/x-www-form-urlencoded',
        'content-length': Buffer.byteLength(body),
        'idempotency-key': `bench-${nth}`,
      };
      const sent = request(
        { agent, hostname, port, method: 'POST', path: '/v1/payment_intents', headers },
        (answer) => {
          answer.resume();
          answer.once('end', () => resolve(answer.statusCode === 200));
        },
      );
      sent.once('error', () => resolve(false));
      sent.end(body);
    });
  return {
    async payments(count, atOnce, firstKey) {
      let next = firstKey;
      let failed = 0;
      const one = async () => {
        while (next < firstKey + count) {
          const nth = next;
          next += 1;
          if (!(await pay(nth))) failed += 1;
        }
      };
      await Promise.all(Array.from({ length: atOnce }, one));
      return failed;
    },
    close: () => agent.destroy(),
  };
}
