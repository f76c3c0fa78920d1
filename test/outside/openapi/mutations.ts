import type { Operation, Schema } from '../../support/openapi/document.js';
import type { Params } from './recorder.js';

/** One way to spoil a good request by one parameter. */
export interface Mutation {
  /** The parameter, as Stripe writes it: `shipping[address][line1]`. */
  readonly param: string;
  readonly how: string;
  readonly spoil: (good: Params) => Params;
}

/** Longer than any text Stripe takes. */
const TOO_LONG = 'x'.repeat(5_001);

/** What hardly any parameter takes all of. */
const WRONG: Readonly<Record<string, unknown>> = {
  text: 'nonsense',
  nothing: '',
  'a fraction': '1.5',
  'an object': { nonsense: 'x' },
  'a list': ['nonsense'],
  'a long text': TOO_LONG,
};

const NOBODY_KNOWS = 'nonsense_parameter';

/**
 * Every way in which an operation's parameters can be spoilt by their types: each given as something else, and one level
 * into each object too; each required one left out; one more that nobody knows.
 */
export function spoiltIn({ parameters }: Operation): Mutation[] {
  return [
    { param: NOBODY_KNOWS, how: 'unknown', spoil: (good) => ({ ...good, [NOBODY_KNOWS]: 'x' }) },
    ...spoiltProperties({ object: parameters, path: [], change: (good, spoil) => spoil(good) }),
    ...holesIn(parameters).flatMap(spoiltProperties),
  ];
}

/**
 * What nobody knows where nobody puts it: in the query of a POST or the body of a DELETE, and as a file, beside what is asked
 * for and in place of a file that is.
 */
export function misplacedIn({ method }: Operation): Misplaced[] {
  if (method === 'GET') return [];
  const elsewhere = { how: 'unknown, elsewhere', spoil: (good: Params) => good, elsewhere: { [NOBODY_KNOWS]: 'x' } };
  if (method !== 'POST') return [elsewhere];
  return [
    elsewhere,
    { how: 'unknown, a file', spoil: (good) => ({ ...good, [NOBODY_KNOWS]: A_FILE }) },
    { how: 'a file of another name', spoil: ({ file: _, ...good }) => ({ ...good, [NOBODY_KNOWS]: A_FILE }) },
  ];
}

export interface Misplaced {
  readonly how: string;
  readonly spoil: (good: Params) => Params;
  readonly elsewhere?: Params;
}

const A_FILE = new File(['nonsense'], 'nonsense.pdf', { type: 'application/pdf' });

/** An unknown parameter in each nested object: one level deep, and two. */
export function unknownIn({ parameters }: Operation): Mutation[] {
  const outer = holesIn(parameters);
  const inner = outer.flatMap((hole) =>
    holesIn(hole.object).map(
      ({ object, path, change }): Hole => ({
        object,
        path: [...hole.path, ...path],
        change: (good, spoil) => hole.change(good, (value) => change(value, spoil)),
      }),
    ),
  );
  return [...outer, ...inner].map(({ path, change }) => ({
    param: written([...path, NOBODY_KNOWS]),
    how: 'unknown',
    spoil: (good) => change(good, (value) => ({ ...value, [NOBODY_KNOWS]: 'x' })),
  }));
}

/** A place for an object within a request. */
interface Hole {
  readonly object: Schema;
  readonly path: readonly string[];
  /** The request with the least of that object in its place, spoilt. */
  readonly change: (good: Params, spoil: (value: Params) => Params) => Params;
}

function holesIn({ properties = {} }: Schema): Hole[] {
  return Object.entries(properties).flatMap(([name, schema]) =>
    objectsIn(schema).map(({ object, index, wrap }) => ({
      object,
      path: [name, ...index],
      change: (good, spoil) => ({ ...good, [name]: wrap(spoil(sampleOfObject(object))) }),
    })),
  );
}

function spoiltProperties({ object, path, change }: Hole): Mutation[] {
  return Object.keys(object.properties ?? {}).flatMap((name) => {
    const param = written([...path, name]);
    const wrong = Object.entries(WRONG).map(
      ([how, value]): Mutation => ({
        param,
        how,
        spoil: (good) => change(good, (whole) => ({ ...whole, [name]: value })),
      }),
    );
    if (!object.required?.includes(name)) return wrong;
    return [...wrong, { param, how: 'missing', spoil: (good) => change(good, ({ [name]: _, ...without }) => without) }];
  });
}

/** The objects, with properties of their own, that a parameter may be or be a list of. */
function objectsIn(
  schema: Schema,
): { readonly object: Schema; readonly index: readonly string[]; readonly wrap: (value: Params) => unknown }[] {
  const { type, properties = {}, items, anyOf = [] } = schema;
  if (type === 'object') {
    return Object.keys(properties).length === 0 ? [] : [{ object: schema, index: [], wrap: (value) => value }];
  }
  if (type === 'array' && items !== undefined) {
    return objectsIn(items).map(({ object, index, wrap }) => ({
      object,
      index: ['0', ...index],
      wrap: (value) => [wrap(value)],
    }));
  }
  return anyOf.flatMap(objectsIn);
}

/** The least of an object that its schema takes. */
function sampleOfObject({ properties = {}, required = [] }: Schema): Params {
  return Object.fromEntries(required.map((name) => [name, sampleOf(properties[name] ?? {})]));
}

/** In a form, an object without anything in it cannot be told from none. */
function somethingOf(schema: Schema): Params {
  const least = sampleOfObject(schema);
  if (Object.keys(least).length > 0) return least;
  const text = Object.entries(schema.properties ?? {}).find(
    ([, { type, enum: choices }]) => type === 'string' && !choices,
  );
  return text === undefined ? least : { [text[0]]: 'x' };
}

function sampleOf(schema: Schema): unknown {
  const { type, items, anyOf } = schema;
  if (anyOf !== undefined) return sampleOf(anyOf[0] ?? {});
  if (type === 'object') return somethingOf(schema);
  if (type === 'array') return [sampleOf(items ?? {})];
  if (type === 'integer' || type === 'number') return 1;
  if (type === 'boolean') return true;
  // Of payment methods it is the one that everybody has.
  return schema.enum?.find((value) => value === 'card' || value === 'us_bank_account') ?? schema.enum?.[0] ?? 'x';
}

function written([first = '', ...deeper]: readonly string[]): string {
  return first + deeper.map((name) => `[${name}]`).join('');
}
