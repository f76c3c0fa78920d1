import type { ComponentName } from './openapi.js';

type Json = Record<string, unknown>;

/** What the document's other parts are made with. */
interface Words {
  readonly ID: Json;
  readonly IDEMPOTENCY_KEY: Json;
  readonly answer: (description: string, name: ComponentName) => Json;
  readonly body: (name: ComponentName) => Json;
  readonly problems: (byStatus: Readonly<Record<number, string>>) => Json;
}

/** Batches and jobs in the OpenAPI document. */
export function backgroundPaths(words: Words): Json {
  return {
    ...kindOf(words, 'batches', 'Batch', 'CreateBatch', {
      take: 'Take up to a thousand payments at once',
      description: 'Checked whole: one payment that is not valid, and nothing is started.',
      413: 'Too large',
    }),
    ...kindOf(words, 'jobs', 'Job', 'CreateJob', {
      take: 'Start a job: a reconciliation, a sync, or the recovery of lost webhooks',
      description: 'Times are Unix seconds or ISO 8601, from the first, up to and without the second.',
      413: 'Too large',
    }),
  };
}

type Kind = 'Batch' | 'Job';

function kindOf(
  { ID, IDEMPOTENCY_KEY, answer, body, problems }: Words,
  path: 'batches' | 'jobs',
  kind: Kind,
  create: 'CreateBatch' | 'CreateJob',
  said: { readonly take: string; readonly description: string; readonly 413: string },
): Json {
  const control = (word: string, summary: string): Json => ({
    post: {
      operationId: `${word}${kind}`,
      summary,
      parameters: [ID],
      responses: {
        202: answer('Asked for; a call to Stripe that is under way is waited for.', kind),
        ...problems({ 401: 'No key', 404: 'None', 409: 'It has ended', 503: 'Not taken' }),
      },
    },
  });
  return {
    [`/v1/${path}`]: {
      post: {
        operationId: `create${kind}`,
        summary: said.take,
        description: said.description,
        parameters: [IDEMPOTENCY_KEY],
        requestBody: body(create),
        responses: {
          202: answer('Taken; it goes on by itself.', kind),
          200: answer('The same, taken before.', kind),
          ...problems({
            400: 'Bad Idempotency-Key',
            401: 'No key',
            409: 'The key names another',
            413: said[413],
            422: 'Not valid',
            503: 'Not taken, or there is no store',
          }),
        },
      },
    },
    [`/v1/${path}/{id}`]: {
      get: {
        operationId: `get${kind}`,
        summary: 'How far it has come, or how it ended',
        parameters: [ID],
        responses: {
          200: answer('As it is.', kind),
          ...problems({ 401: 'No key', 404: 'None', 503: 'Temporal did not answer' }),
        },
      },
    },
    [`/v1/${path}/{id}/pause`]: control('pause', 'Hold it up after the step it is at'),
    [`/v1/${path}/{id}/resume`]: control('resume', 'Let it go on'),
    [`/v1/${path}/{id}/cancel`]: control('cancel', 'Call off what it has not done yet'),
  };
}
