import type { Operation } from './context.js';
import { cancelIntent, captureIntent } from './resources/capturing.js';
import { listCharges, retrieveCharge } from './resources/charges.js';
import { confirmIntent } from './resources/confirming.js';
import { createCustomer, listCustomers, retrieveCustomer } from './resources/customers.js';
import { closeDispute, listDisputes, retrieveDispute, updateDispute } from './resources/disputes.js';
import { listEvents, retrieveEvent } from './resources/events.js';
import { createIntent, listIntents, retrieveIntent } from './resources/payment-intents.js';
import { createRefund, listRefunds, retrieveRefund } from './resources/refunds.js';

export interface Route {
  readonly endpoint: string;
  readonly operation: Operation;
  readonly id: string;
}

/** Every operation by the name Stripe's limits know it by. `:id` stands for one path segment. */
const ROUTES: readonly (readonly [method: string, path: string, endpoint: string, operation: Operation])[] = [
  ['POST', '/v1/payment_intents', 'payment_intents.create', createIntent],
  ['GET', '/v1/payment_intents', 'payment_intents.list', listIntents],
  ['GET', '/v1/payment_intents/:id', 'payment_intents.retrieve', retrieveIntent],
  ['POST', '/v1/payment_intents/:id/confirm', 'payment_intents.confirm', confirmIntent],
  ['POST', '/v1/payment_intents/:id/capture', 'payment_intents.capture', captureIntent],
  ['POST', '/v1/payment_intents/:id/cancel', 'payment_intents.cancel', cancelIntent],
  ['GET', '/v1/charges', 'charges.list', listCharges],
  ['GET', '/v1/charges/:id', 'charges.retrieve', retrieveCharge],
  ['POST', '/v1/refunds', 'refunds.create', createRefund],
  ['GET', '/v1/refunds', 'refunds.list', listRefunds],
  ['GET', '/v1/refunds/:id', 'refunds.retrieve', retrieveRefund],
  ['GET', '/v1/disputes', 'disputes.list', listDisputes],
  ['GET', '/v1/disputes/:id', 'disputes.retrieve', retrieveDispute],
  ['POST', '/v1/disputes/:id', 'disputes.update', updateDispute],
  ['POST', '/v1/disputes/:id/close', 'disputes.close', closeDispute],
  ['POST', '/v1/customers', 'customers.create', createCustomer],
  ['GET', '/v1/customers', 'customers.list', listCustomers],
  ['GET', '/v1/customers/:id', 'customers.retrieve', retrieveCustomer],
  ['GET', '/v1/events', 'events.list', listEvents],
  ['GET', '/v1/events/:id', 'events.retrieve', retrieveEvent],
];

const ENDPOINTS: ReadonlySet<string> = new Set(ROUTES.map(([, , endpoint]) => endpoint));

export function isEndpoint(name: string): boolean {
  return ENDPOINTS.has(name);
}

/** What a customer's browser may do, with a publishable key and the intent's client secret. */
const PUBLISHABLE: readonly string[] = ['payment_intents.retrieve', 'payment_intents.confirm'];

export function isPublishable({ endpoint }: Route): boolean {
  return PUBLISHABLE.includes(endpoint);
}

const COMPILED = ROUTES.map(([method, path, endpoint, operation]) => ({
  method,
  endpoint,
  operation,
  pattern: new RegExp(`^${path.replace(':id', '([^/]+)')}$`),
}));

export function findRoute(method: string, path: string): Route | undefined {
  for (const route of COMPILED) {
    if (route.method !== method) continue;
    const match = route.pattern.exec(path);
    if (match !== null) return { endpoint: route.endpoint, operation: route.operation, id: match[1] ?? '' };
  }
  return undefined;
}
