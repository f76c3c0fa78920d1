import type { StripeEvent } from '../objects/event.js';
import type { StoredAnswer } from '../objects/simulated.js';
import { KEY_LIFE_MS } from '../objects/simulated.js';
import type { TableName } from '../state/tables.js';
import type { Audited } from './audited.js';

/** Events that tell of a new object. A charge has no other: which it is depends on what became of it. */
const MADE = /\.created$|^charge\.(succeeded|failed|pending)$/;

interface Made {
  readonly id: string;
  readonly created: number;
}

interface Named {
  readonly id: string;
  readonly object: string;
}

/** One idempotency key never made two objects of a kind while it lived, and what it is answered with is there. */
export function* keysMakeOne(of: Audited): Generator<string> {
  const made = new Map<string, Made>();
  for (const event of of.all('events')) {
    const { idempotency_key: key } = event.request;
    if (key === null || !MADE.test(event.type)) continue;
    const { id, object } = event.data.object as Named;
    const before = made.get(`${object}/${key}`);
    if (before !== undefined && before.id !== id && !mayHaveAged(before, event)) {
      yield `the key ${key} made ${before.id} and ${id}`;
    }
    if (before?.id !== id) made.set(`${object}/${key}`, { id, created: event.created });
  }
  for (const answer of of.all('answers')) yield* keptAnswer(of, answer, made);
}

/** Past its life a key is a new one. Events have whole seconds. */
function mayHaveAged(before: Made, { created }: StripeEvent): boolean {
  return (created - before.created + 1) * 1000 >= KEY_LIFE_MS;
}

/** Where objects are that answers show. An endpoint for webhooks may have been deleted since. */
const TABLES: Readonly<Record<string, TableName>> = {
  payment_intent: 'payment_intents',
  charge: 'charges',
  refund: 'refunds',
  dispute: 'disputes',
  customer: 'customers',
  payment_method: 'payment_methods',
  payout: 'payouts',
  file: 'files',
  'reporting.report_run': 'report_runs',
};

function* keptAnswer(of: Audited, answer: StoredAnswer, made: ReadonlyMap<string, Made>): Generator<string> {
  if (answer.status !== 200) return;
  const { id, object } = answer.body as Named;
  const table = TABLES[object];
  if (table !== undefined && !of.hasForgotten && of.get(table, id) === undefined) {
    yield `the key ${answer.id} is answered with ${id}, which is not there`;
  }
  const own = made.get(`${object}/${answer.id}`);
  // What an earlier life of the key made is none of this answer's.
  if (own === undefined || own.id === id || (own.created + 1) * 1000 <= answer.createdMs) return;
  yield `the key ${answer.id} is answered with ${id}, and made ${own.id}`;
}
