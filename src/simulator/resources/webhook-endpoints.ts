import { canBeAskedFor } from '../delivery/event-types.js';
import { isHttpUrl } from '../http-url.js';
import type { WebhookEndpoint } from '../objects/event.js';
import { nowSeconds, type Operation, type RequestContext } from '../requests/context.js';
import { invalidRequest, noSuch } from '../requests/errors.js';
import { page } from '../requests/lists.js';
import {
  boolean,
  changedMetadata,
  EXPAND,
  LIST,
  list,
  METADATA_CHANGE,
  object,
  read,
  text,
  word,
} from '../requests/params.js';
import { shown } from '../requests/shown.js';
import { isVersion } from '../requests/versions.js';

const TYPES = list(word().refine(canBeAskedFor, { error: 'must be a type of event that Stripe knows' })).refine(
  (types) => types.length > 0,
  { error: 'must name at least one type of event' },
);

const CREATE = object({
  ...EXPAND,
  api_version: word().refine(isVersion, { error: 'must be a version of the API' }).optional(),
  description: text(),
  enabled_events: TYPES,
  metadata: METADATA_CHANGE,
  url: word(),
});
const UPDATE = object({
  ...EXPAND,
  description: text(),
  disabled: boolean().optional(),
  enabled_events: TYPES.optional(),
  metadata: METADATA_CHANGE,
  url: word().optional(),
});
const RETRIEVE = object(EXPAND);
const ALL = object(LIST);

/** The one answer that has the secret. */
export const createEndpoint: Operation = (context) => {
  const given = read(CREATE, context.params);
  const made: WebhookEndpoint = {
    ...newEndpoint(context.newId('we'), checkedUrl(given.url), context.newId('whsec'), nowSeconds(context)),
    api_version: given.api_version ?? null,
    description: given.description ?? null,
    enabled_events: given.enabled_events,
    metadata: changedMetadata({}, given.metadata),
  };
  context.tx.put('webhook_endpoints', made);
  return made;
};

export const retrieveEndpoint: Operation = (context, id) => {
  read(RETRIEVE, context.params);
  return shown(context, 'webhook_endpoints', find(context, id));
};

export const updateEndpoint: Operation = (context, id) => {
  const given = read(UPDATE, context.params);
  const endpoint = find(context, id);
  endpoint.metadata = changedMetadata(endpoint.metadata, given.metadata);
  if (given.url !== undefined) endpoint.url = checkedUrl(given.url);
  if (given.description !== undefined) endpoint.description = given.description;
  if (given.enabled_events !== undefined) endpoint.enabled_events = given.enabled_events;
  if (given.disabled !== undefined) endpoint.status = given.disabled ? 'disabled' : 'enabled';
  context.tx.put('webhook_endpoints', endpoint);
  return shown(context, 'webhook_endpoints', endpoint);
};

export const deleteEndpoint: Operation = (context, id) => {
  read(object({}), context.params);
  find(context, id);
  context.tx.remove('webhook_endpoints', id);
  return { id, object: 'webhook_endpoint', deleted: true };
};

export const listEndpoints: Operation = (context) =>
  page(context, read(ALL, context.params), { table: 'webhook_endpoints', url: '/v1/webhook_endpoints' });

/** Where every event goes. */
export function newEndpoint(id: string, url: string, secret: string, created: number): WebhookEndpoint {
  return {
    id,
    object: 'webhook_endpoint',
    api_version: null,
    application: null,
    created,
    description: null,
    enabled_events: ['*'],
    livemode: false,
    metadata: {},
    secret,
    status: 'enabled',
    url,
  };
}

function find({ tx }: RequestContext, id: string): WebhookEndpoint {
  const endpoint = tx.get('webhook_endpoints', id);
  if (endpoint === undefined) throw noSuch('webhook endpoint', id, 'webhook_endpoint');
  return endpoint;
}

function checkedUrl(url: string): string {
  if (isHttpUrl(url)) return url;
  throw invalidRequest('Invalid URL: must be http or https', 'url_invalid', 'url');
}
