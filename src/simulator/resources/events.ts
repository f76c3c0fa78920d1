import type { Operation } from '../context.js';
import { invalidRequest, noSuch } from '../errors.js';
import { LIST_PARAMS, page } from '../lists.js';
import { onlyKnown, type ParamValue, text } from '../params.js';

export const retrieveEvent: Operation = ({ tx, params }, id) => {
  onlyKnown(params, ['expand']);
  const event = tx.get('events', id);
  if (event === undefined) throw noSuch('event', id, 'id');
  return event;
};

export const listEvents: Operation = ({ tx, params }) => {
  onlyKnown(params, [...LIST_PARAMS, 'type', 'types', 'delivery_success']);
  const type = text(params, 'type');
  const types = listOf(params['types']);
  const success = text(params, 'delivery_success');
  const unsettled = new Set(
    tx
      .all('deliveries')
      .filter((d) => d.state !== 'delivered')
      .map((d) => d.event),
  );
  const rows = tx.all('events').filter((event) => {
    if (type !== undefined && event.type !== type) return false;
    if (types !== undefined && !types.includes(event.type)) return false;
    return success === undefined || unsettled.has(event.id) === (success === 'false');
  });
  return page(rows, params, '/v1/events');
};

function listOf(value: ParamValue | undefined): string[] | undefined {
  if (value === undefined) return undefined;
  if (typeof value === 'string') throw invalidRequest('Invalid array', undefined, 'types');
  return Object.values(value).flat().map(String);
}
