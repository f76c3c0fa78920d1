import { z } from 'zod';
import {
  cancelSchema,
  createPaymentSchema,
  getQuerySchema,
  listQuerySchema,
  paymentListSchema,
  paymentSchema,
  problemSchema,
} from './schemas.js';

type Json = Record<string, unknown>;

const COMPONENTS = {
  CreatePayment: { schema: createPaymentSchema, io: 'input' },
  CancelPayment: { schema: cancelSchema, io: 'input' },
  Payment: { schema: paymentSchema, io: 'output' },
  PaymentList: { schema: paymentListSchema, io: 'output' },
  Problem: { schema: problemSchema, io: 'output' },
} as const;

/** The OpenAPI 3.1 document, generated from the schemas that check the requests. */
export function openApiDocument(): Json {
  const schemas = Object.fromEntries(
    Object.entries(COMPONENTS).map(([name, { schema, io }]) => [name, toJsonSchema(schema, io)]),
  );
  return {
    openapi: '3.1.0',
    info: {
      title: 'Penstock',
      version: '1',
      description: 'Durable payments on Stripe. JSON in snake_case; amounts are integers in minor units.',
    },
    servers: [{ url: '/' }],
    security: [{ apiKey: [] }, {}],
    paths: paths(),
    components: {
      schemas,
      securitySchemes: { apiKey: { type: 'http', scheme: 'bearer', description: 'One of PENSTOCK_API_KEYS.' } },
    },
  };
}

function paths(): Json {
  const id = { name: 'id', in: 'path', required: true, schema: { type: 'string' } };
  const idempotencyKey = {
    name: 'Idempotency-Key',
    in: 'header',
    schema: { type: 'string', maxLength: 255 },
    description: 'The id of this operation: the same again is taken once.',
  };
  return {
    '/v1/payments': {
      post: {
        operationId: 'createPayment',
        summary: 'Take a payment',
        requestBody: body('CreatePayment'),
        responses: {
          202: answer('Taken; it goes on by itself.', 'Payment'),
          200: answer('The same payment, taken before.', 'Payment'),
          ...problems({ 401: 'No key', 409: 'The reference is taken', 422: 'Not valid', 503: 'Not taken' }),
        },
      },
      get: {
        operationId: 'listPayments',
        summary: 'List payments, newest first',
        parameters: queryParameters(listQuerySchema),
        responses: { 200: answer('A page.', 'PaymentList'), ...problems({ 401: 'No key', 422: 'Not valid' }) },
      },
    },
    '/v1/payments/{id}': {
      get: {
        operationId: 'getPayment',
        summary: 'Read a payment, or wait for it',
        parameters: [id, ...queryParameters(getQuerySchema)],
        responses: { 200: answer('The payment.', 'Payment'), ...problems({ 401: 'No key', 404: 'None' }) },
      },
    },
    '/v1/payments/{id}/cancel': {
      post: {
        operationId: 'cancelPayment',
        summary: 'Call a payment off',
        parameters: [id, idempotencyKey],
        requestBody: { ...body('CancelPayment'), required: false },
        responses: {
          202: answer('Requested; read the payment for how it ended.', 'Payment'),
          200: answer('It was canceled already.', 'Payment'),
          ...problems({ 401: 'No key', 404: 'None', 409: 'Its state forbids it', 503: 'Not taken' }),
        },
      },
    },
    '/webhooks/stripe/{account}': {
      post: {
        operationId: 'receiveStripeEvent',
        summary: "Stripe's signed events",
        security: [],
        parameters: [{ name: 'account', in: 'path', required: true, schema: { type: 'string' } }],
        responses: {
          200: { description: 'Handled, a duplicate, or of no concern.' },
          ...problems({ 400: 'Bad signature', 404: 'Unknown account', 503: 'Not taken: send it again' }),
        },
      },
    },
    '/health/live': { get: health('The process runs.') },
    '/health/ready': { get: health('It can take payments.') },
  };
}

function health(description: string): Json {
  return { security: [], responses: { 200: { description }, 503: { description: 'Not now.' } } };
}

function body(name: keyof typeof COMPONENTS): Json {
  return { required: true, content: { 'application/json': { schema: reference(name) } } };
}

function answer(description: string, name: keyof typeof COMPONENTS): Json {
  return { description, content: { 'application/json': { schema: reference(name) } } };
}

function problems(byStatus: Readonly<Record<number, string>>): Json {
  const content = { 'application/problem+json': { schema: reference('Problem') } };
  return Object.fromEntries(
    Object.entries(byStatus).map(([status, description]) => [status, { description, content }]),
  );
}

function queryParameters(schema: z.ZodObject): Json[] {
  const { properties } = z.toJSONSchema(schema, { io: 'input' }) as { properties: Record<string, Json> };
  return Object.entries(properties).map(([name, inner]) => ({ name, in: 'query', schema: inner }));
}

function reference(name: keyof typeof COMPONENTS): Json {
  return { $ref: `#/components/schemas/${name}` };
}

function toJsonSchema(schema: z.ZodType, io: 'input' | 'output'): Json {
  const { $schema: _, id: __, ...rest } = z.toJSONSchema(schema, { io }) as Json;
  return rest;
}
