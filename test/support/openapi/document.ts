import { readFileSync } from 'node:fs';

/** Stripe's OpenAPI document, as far as the tests read it (github.com/stripe/openapi, README). */

export interface Schema {
  readonly $ref?: string;
  readonly type?: 'object' | 'array' | 'string' | 'integer' | 'number' | 'boolean';
  readonly format?: string;
  readonly nullable?: boolean;
  readonly enum?: readonly string[];
  readonly maxLength?: number;
  readonly pattern?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean | Schema;
  readonly items?: Schema;
  readonly anyOf?: readonly Schema[];
  /** On an id that may be expanded: what may stand in its place. `anyOf` repeats it. */
  readonly 'x-expansionResources'?: unknown;
  /** Stripe may answer, or take, values beyond the enum. */
  readonly 'x-stripeBypassValidation'?: boolean;
}

interface Described {
  readonly parameters?: readonly {
    readonly in: 'path' | 'query' | 'header';
    readonly name: string;
    readonly required?: boolean;
    readonly schema: Schema;
  }[];
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly schema: Schema }>> };
  readonly responses: Readonly<
    Record<string, { readonly content?: Readonly<Record<string, { readonly schema?: Schema }>> }>
  >;
}

interface Document {
  readonly info: { readonly version: string };
  readonly components: { readonly schemas: Readonly<Record<string, Schema>> };
  readonly paths: Readonly<Record<string, Readonly<Record<string, Described>>>>;
}

/** One method of one path. */
export interface Operation {
  /** Such as `POST /v1/refunds/{refund}/cancel`. */
  readonly name: string;
  readonly method: string;
  readonly path: string;
  /** Of a 200 in JSON; undefined where it answers something else. */
  readonly response: Schema | undefined;
  /** What it takes, in the query or the body, as one object. */
  readonly parameters: Schema;
}

export interface Specification {
  readonly version: string;
  readonly schemas: Readonly<Record<string, Schema>>;
  readonly operations: readonly Operation[];
}

/** @param path of stripe-mock's `spec3.json`. */
export function readSpecification(path: string): Specification {
  const document = JSON.parse(readFileSync(path, 'utf8')) as Document;
  const operations = Object.entries(document.paths).flatMap(([template, methods]) =>
    Object.entries(methods).map(([method, described]) => operationOf(method.toUpperCase(), template, described)),
  );
  return { version: document.info.version, schemas: document.components.schemas, operations };
}

function operationOf(method: string, path: string, described: Described): Operation {
  const response = described.responses['200']?.content?.['application/json']?.schema;
  return { name: `${method} ${path}`, method, path, response, parameters: parametersOf(method, described) };
}

/** A GET and a DELETE take theirs from the query, though the document gives each an empty body too. */
function parametersOf(method: string, { parameters = [], requestBody }: Described): Schema {
  if (method === 'POST') {
    const [body] = Object.values(requestBody?.content ?? {});
    return body?.schema ?? { type: 'object', properties: {} };
  }
  const query = parameters.filter((parameter) => parameter.in === 'query');
  return {
    type: 'object',
    properties: Object.fromEntries(query.map(({ name, schema }) => [name, schema])),
    required: query.filter(({ required }) => required).map(({ name }) => name),
  };
}
