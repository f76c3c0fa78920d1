import { z } from 'zod';
import { batchSchema, createBatchSchema, createJobSchema, jobSchema } from './background-schemas.js';
import { backgroundPaths } from './openapi-background.js';
import {
  cancelSchema,
  captureSchema,
  confirmSchema,
  createPaymentSchema,
  disputeSchema,
  getQuerySchema,
  listQuerySchema,
  paymentListSchema,
  paymentSchema,
  problemSchema,
  refundRequestSchema,
  refundSchema,
} from './schemas.js';

type Json = Record<string, unknown>;

const COMPONENTS = {
  CreatePayment: { schema: createPaymentSchema, io: 'input' },
  CancelPayment: { schema: cancelSchema, io: 'input' },
  ConfirmPayment: { schema: confirmSchema, io: 'input' },
  CapturePayment: { schema: captureSchema, io: 'input' },
  RefundPayment: { schema: refundRequestSchema, io: 'input' },
  Payment: { schema: paymentSchema, io: 'output' },
  Refund: { schema: refundSchema, io: 'output' },
  Dispute: { schema: disputeSchema, io: 'output' },
  PaymentList: { schema: paymentListSchema, io: 'output' },
  CreateBatch: { schema: createBatchSchema, io: 'input' },
  Batch: { schema: batchSchema, io: 'output' },
  CreateJob: { schema: createJobSchema, io: 'input' },
  Job: { schema: jobSchema, io: 'output' },
  Problem: { schema: problemSchema, io: 'output' },
} as const;

export type ComponentName = keyof typeof COMPONENTS;

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

const ID = { name: 'id', in: 'path', required: true, schema: { type: 'string' } };

const IDEMPOTENCY_KEY = {
  name: 'Idempotency-Key',
  in: 'header',
  schema: { type: 'string', maxLength: 255 },
  description: 'The id of this operation: the same again is taken once.',
};

/** A change of a payment that was taken before. */
function change(operationId: string, summary: string, request: ComponentName, taken: string, again: string): Json {
  return {
    post: {
      operationId,
      summary,
      parameters: [ID, IDEMPOTENCY_KEY],
      requestBody: { ...body(request), required: request === 'ConfirmPayment' },
      responses: {
        202: answer(taken, 'Payment'),
        200: answer(again, 'Payment'),
        ...problems({
          400: 'Bad Idempotency-Key',
          401: 'No key',
          404: 'None',
          409: 'Its state forbids it',
          422: 'Not valid',
          503: 'Not taken',
        }),
      },
    },
  };
}

function paths(): Json {
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
        responses: {
          200: answer('A page.', 'PaymentList'),
          ...problems({ 401: 'No key', 422: 'Not valid', 503: 'Temporal did not answer' }),
        },
      },
    },
    '/v1/payments/{id}': {
      get: {
        operationId: 'getPayment',
        summary: 'Read a payment, or wait for it',
        parameters: [ID, ...queryParameters(getQuerySchema)],
        responses: {
          200: answer('The payment.', 'Payment'),
          ...problems({ 401: 'No key', 404: 'None', 422: 'Not valid', 503: 'Temporal did not answer' }),
        },
      },
    },
    '/v1/payments/{id}/cancel': change(
      'cancelPayment',
      'Call a payment off',
      'CancelPayment',
      'Requested; read the payment for how it ended.',
      'It was canceled already.',
    ),
    '/v1/payments/{id}/confirm': change(
      'confirmPayment',
      'Try again with another payment method',
      'ConfirmPayment',
      'Taken; it goes on by itself.',
      'Taken before.',
    ),
    '/v1/payments/{id}/capture': change(
      'capturePayment',
      'Collect what was authorized, in full or in part',
      'CapturePayment',
      'Taken; read the payment for how it ended.',
      'Taken before.',
    ),
    '/v1/payments/{id}/refunds': {
      post: {
        operationId: 'refundPayment',
        summary: 'Give money back, in full or in part',
        description:
          'The reference names the operation: the same again is the same refund. No Idempotency-Key is read.',
        parameters: [ID],
        requestBody: body('RefundPayment'),
        responses: {
          202: answer('Taken; it goes on by itself, and the payment shows it.', 'Refund'),
          200: answer('The same refund, taken before.', 'Refund'),
          ...problems({ 401: 'No key', 404: 'None', 409: 'Its state forbids it', 422: 'Not valid', 503: 'Not taken' }),
        },
      },
    },
    ...backgroundPaths({ ID, IDEMPOTENCY_KEY, answer, body, problems }),
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

function body(name: ComponentName): Json {
  return { required: true, content: { 'application/json': { schema: reference(name) } } };
}

function answer(description: string, name: ComponentName): Json {
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

function reference(name: ComponentName): Json {
  return { $ref: `#/components/schemas/${name}` };
}

function toJsonSchema(schema: z.ZodType, io: 'input' | 'output'): Json {
  const { $schema: _, id: __, ...rest } = z.toJSONSchema(schema, { io }) as Json;
  return rest;
}
