import { listMovements, retrieveBalance, retrieveMovement } from '../resources/balance.js';
import { cancelIntent, captureIntent } from '../resources/capturing.js';
import { captureCharge, listCharges, retrieveCharge, updateCharge } from '../resources/charges.js';
import { confirmIntent } from '../resources/confirming.js';
import {
  createCustomer,
  deleteCustomer,
  listCustomers,
  retrieveCustomer,
  updateCustomer,
} from '../resources/customers.js';
import { closeDispute, listDisputes, retrieveDispute, updateDispute } from '../resources/disputes.js';
import { listEvents, retrieveEvent } from '../resources/events.js';
import { createFile, fileContents, listFiles, retrieveFile } from '../resources/files.js';
import { createIntent, listIntents, retrieveIntent, updateIntent } from '../resources/payment-intents.js';
import {
  attachMethod,
  createMethod,
  detachMethod,
  listCustomersMethods,
  listMethods,
  retrieveCustomersMethod,
  retrieveMethod,
  updateMethod,
} from '../resources/payment-methods.js';
import { cancelPayout, createPayout, listPayouts, retrievePayout, updatePayout } from '../resources/payouts.js';
import { cancelRefund, createRefund, listRefunds, retrieveRefund, updateRefund } from '../resources/refunds.js';
import { createRun, listRuns, listTypes, retrieveRun, retrieveType } from '../resources/report-runs.js';
import { searching } from '../resources/searching.js';
import {
  createEndpoint,
  deleteEndpoint,
  listEndpoints,
  retrieveEndpoint,
  updateEndpoint,
} from '../resources/webhook-endpoints.js';
import type { Operation } from './context.js';

export interface Route {
  readonly method: Method;
  readonly path: string;
  /** The operation's name, by which Stripe's limits know it. */
  readonly endpoint: string;
  readonly operation: Operation;
}

/** A route and the object that a request names; of two, both with a slash between them. */
export interface Found {
  readonly route: Route;
  readonly id: string;
}

type Method = 'GET' | 'POST' | 'DELETE';
type Line = readonly [method: Method, path: string, endpoint: string, operation: Operation];

/** `:id` stands for one part of a path. */
const LINES: readonly Line[] = [
  ['POST', '/v1/payment_intents', 'payment_intents.create', createIntent],
  ['GET', '/v1/payment_intents', 'payment_intents.list', listIntents],
  ['GET', '/v1/payment_intents/search', 'payment_intents.search', searching('payment_intents')],
  ['GET', '/v1/payment_intents/:id', 'payment_intents.retrieve', retrieveIntent],
  ['POST', '/v1/payment_intents/:id', 'payment_intents.update', updateIntent],
  ['POST', '/v1/payment_intents/:id/confirm', 'payment_intents.confirm', confirmIntent],
  ['POST', '/v1/payment_intents/:id/capture', 'payment_intents.capture', captureIntent],
  ['POST', '/v1/payment_intents/:id/cancel', 'payment_intents.cancel', cancelIntent],
  ['GET', '/v1/charges', 'charges.list', listCharges],
  ['GET', '/v1/charges/search', 'charges.search', searching('charges')],
  ['GET', '/v1/charges/:id', 'charges.retrieve', retrieveCharge],
  ['POST', '/v1/charges/:id', 'charges.update', updateCharge],
  ['POST', '/v1/charges/:id/capture', 'charges.capture', captureCharge],
  ['POST', '/v1/refunds', 'refunds.create', createRefund],
  ['GET', '/v1/refunds', 'refunds.list', listRefunds],
  ['GET', '/v1/refunds/:id', 'refunds.retrieve', retrieveRefund],
  ['POST', '/v1/refunds/:id', 'refunds.update', updateRefund],
  ['POST', '/v1/refunds/:id/cancel', 'refunds.cancel', cancelRefund],
  ['GET', '/v1/disputes', 'disputes.list', listDisputes],
  ['GET', '/v1/disputes/:id', 'disputes.retrieve', retrieveDispute],
  ['POST', '/v1/disputes/:id', 'disputes.update', updateDispute],
  ['POST', '/v1/disputes/:id/close', 'disputes.close', closeDispute],
  ['POST', '/v1/customers', 'customers.create', createCustomer],
  ['GET', '/v1/customers', 'customers.list', listCustomers],
  ['GET', '/v1/customers/search', 'customers.search', searching('customers')],
  ['GET', '/v1/customers/:id', 'customers.retrieve', retrieveCustomer],
  ['POST', '/v1/customers/:id', 'customers.update', updateCustomer],
  ['DELETE', '/v1/customers/:id', 'customers.delete', deleteCustomer],
  ['GET', '/v1/customers/:id/payment_methods', 'customers.list_payment_methods', listCustomersMethods],
  ['GET', '/v1/customers/:id/payment_methods/:id', 'customers.retrieve_payment_method', retrieveCustomersMethod],
  ['POST', '/v1/payment_methods', 'payment_methods.create', createMethod],
  ['GET', '/v1/payment_methods', 'payment_methods.list', listMethods],
  ['GET', '/v1/payment_methods/:id', 'payment_methods.retrieve', retrieveMethod],
  ['POST', '/v1/payment_methods/:id', 'payment_methods.update', updateMethod],
  ['POST', '/v1/payment_methods/:id/attach', 'payment_methods.attach', attachMethod],
  ['POST', '/v1/payment_methods/:id/detach', 'payment_methods.detach', detachMethod],
  ['GET', '/v1/balance', 'balance.retrieve', retrieveBalance],
  ['GET', '/v1/balance_transactions', 'balance_transactions.list', listMovements],
  ['GET', '/v1/balance_transactions/:id', 'balance_transactions.retrieve', retrieveMovement],
  ['POST', '/v1/payouts', 'payouts.create', createPayout],
  ['GET', '/v1/payouts', 'payouts.list', listPayouts],
  ['GET', '/v1/payouts/:id', 'payouts.retrieve', retrievePayout],
  ['POST', '/v1/payouts/:id', 'payouts.update', updatePayout],
  ['POST', '/v1/payouts/:id/cancel', 'payouts.cancel', cancelPayout],
  ['GET', '/v1/events', 'events.list', listEvents],
  ['GET', '/v1/events/:id', 'events.retrieve', retrieveEvent],
  ['POST', '/v1/reporting/report_runs', 'reporting.report_runs.create', createRun],
  ['GET', '/v1/reporting/report_runs', 'reporting.report_runs.list', listRuns],
  ['GET', '/v1/reporting/report_runs/:id', 'reporting.report_runs.retrieve', retrieveRun],
  ['GET', '/v1/reporting/report_types', 'reporting.report_types.list', listTypes],
  ['GET', '/v1/reporting/report_types/:id', 'reporting.report_types.retrieve', retrieveType],
  ['POST', '/v1/files', 'files.create', createFile],
  ['GET', '/v1/files', 'files.list', listFiles],
  ['GET', '/v1/files/:id', 'files.retrieve', retrieveFile],
  ['GET', '/v1/files/:id/contents', 'files.contents', fileContents],
  ['POST', '/v1/webhook_endpoints', 'webhook_endpoints.create', createEndpoint],
  ['GET', '/v1/webhook_endpoints', 'webhook_endpoints.list', listEndpoints],
  ['GET', '/v1/webhook_endpoints/:id', 'webhook_endpoints.retrieve', retrieveEndpoint],
  ['POST', '/v1/webhook_endpoints/:id', 'webhook_endpoints.update', updateEndpoint],
  ['DELETE', '/v1/webhook_endpoints/:id', 'webhook_endpoints.delete', deleteEndpoint],
];

export const ROUTES: readonly Route[] = LINES.map(([method, path, endpoint, operation]) => ({
  method,
  path,
  endpoint,
  operation,
}));

/** Each once, such as `payment_intents.create`. */
export const ENDPOINTS: readonly string[] = [...new Set(ROUTES.map(({ endpoint }) => endpoint))];

/** What a request is counted as when no endpoint is of its method and path. */
export const UNRECOGNIZED = 'unrecognized';

/** What a customer's browser may do, with a publishable key and the intent's client secret. */
const PUBLISHABLE: readonly string[] = ['payment_intents.retrieve', 'payment_intents.confirm'];

export function isPublishable({ endpoint }: Route): boolean {
  return PUBLISHABLE.includes(endpoint);
}

/** Stripe's document has a form in parts for this one alone, of those that are here. */
export function takesFile({ endpoint }: Route): boolean {
  return endpoint === 'files.create';
}

const COMPILED = ROUTES.map((route) => ({ route, parts: route.path.split('/') }));

/** Of two that fit, the first: a name in a path comes before an id. */
export function findRoute(method: string, path: string): Found | undefined {
  const asked = path.split('/');
  for (const { route, parts } of COMPILED) {
    if (route.method !== method || parts.length !== asked.length) continue;
    if (!parts.every((part, at) => (part === ':id' ? asked[at] !== '' : part === asked[at]))) continue;
    return { route, id: asked.filter((_, at) => parts[at] === ':id').join('/') };
  }
  return undefined;
}
