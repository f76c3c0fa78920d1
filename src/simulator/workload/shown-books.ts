import type { Client } from './client.js';
import { get } from './kinds/kind.js';

interface Movement {
  readonly id: string;
  readonly currency: string;
  readonly net: number;
  readonly status: 'available' | 'pending';
}

interface Page<T> {
  readonly data: readonly T[];
  readonly has_more: boolean;
}

interface Funds {
  readonly amount: number;
  readonly currency: string;
}

type Balance = Readonly<Record<Movement['status'], readonly Funds[]>>;

/** What a caller can add up of an account over HTTP, with nothing in the way: its movements are its balance. */
export async function* shownBooks(client: Client, secretKey: string): AsyncGenerator<string> {
  const read = async <T>(path: string, params: object): Promise<T> => {
    const received = await client.call(get(path, { ...params }), secretKey, undefined);
    if (received.kind !== 'answered' || received.status !== 200) throw new Error(`${path} was ${received.kind}`);
    return received.body as T;
  };
  const sums = new Map<string, number>();
  let after: string | undefined;
  do {
    const params = { limit: 100, starting_after: after };
    const { data, has_more } = await read<Page<Movement>>('/v1/balance_transactions', params);
    for (const { currency, net, status } of data) {
      sums.set(`${status} ${currency}`, (sums.get(`${status} ${currency}`) ?? 0) + net);
    }
    after = has_more ? data.at(-1)?.id : undefined;
  } while (after !== undefined);
  const balance = await read<Balance>('/v1/balance', {});
  for (const status of ['available', 'pending'] as const) {
    for (const { amount, currency } of balance[status]) {
      const sum = sums.get(`${status} ${currency}`) ?? 0;
      if (amount !== sum) yield `the balance shows ${amount} ${status} ${currency}, and its transactions ${sum}`;
      sums.delete(`${status} ${currency}`);
    }
  }
  for (const [what, sum] of sums) yield `transactions come to ${sum} ${what}, of which the balance shows nothing`;
}
