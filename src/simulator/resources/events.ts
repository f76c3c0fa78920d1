import { fitsPattern } from '../patterns.js';
import type { Operation } from '../requests/context.js';
import { invalidRequest, noSuch } from '../requests/errors.js';
import { isBefore, page } from '../requests/lists.js';
import { boolean, EXPAND, LIST_BY_TIME, list, object, read, word } from '../requests/params.js';
import { shown } from '../requests/shown.js';
import { DAY_MS } from '../time/durations.js';

/** Events are kept for thirty days (docs.stripe.com/api/events). */
const KEPT_MS = 30 * DAY_MS;

const RETRIEVE = object(EXPAND);
const LIST = object({
  ...LIST_BY_TIME,
  delivery_success: boolean().optional(),
  type: word().optional(),
  types: list(word())
    .refine((types) => types.length <= 20, { error: 'must have at most 20 types' })
    .optional(),
});

export const retrieveEvent: Operation = (context, id) => {
  read(RETRIEVE, context.params);
  const event = context.tx.look('events', id);
  if (event === undefined || event.created * 1000 < context.nowMs - KEPT_MS) throw noSuch('event', id, 'id');
  return shown(context, 'events', event);
};

export const listEvents: Operation = (context) => {
  const { delivery_success, type, types, ...given } = read(LIST, context.params);
  if (type !== undefined && types !== undefined) {
    throw invalidRequest('You may pass either `type` or `types`, but not both.', undefined, 'types');
  }
  const oldest = Math.ceil((context.nowMs - KEPT_MS) / 1000);
  const created = { ...given.created, gte: Math.max(given.created?.gte ?? 0, oldest) };
  /** Some endpoint has not had it: it failed, or is still on its way. */
  const isUnsettled = (id: string) => context.tx.where('deliveries', 'event', id).some((d) => d.state !== 'delivered');
  return page(
    context,
    { ...given, created },
    {
      table: 'events',
      url: '/v1/events',
      wanted: (id, event) =>
        isBefore(event.created, created) &&
        (type === undefined || fitsPattern(type, event.type)) &&
        (types === undefined || types.some((wanted) => fitsPattern(wanted, event.type))) &&
        (delivery_success === undefined || isUnsettled(id) !== delivery_success),
    },
  );
};
