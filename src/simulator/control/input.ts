import { z } from 'zod';
import { isCountry } from '../countries.js';
import { canBeAskedFor, EVENT_TYPES } from '../delivery/event-types.js';
import { noneCalled } from '../names.js';
import { fitsPattern, isPattern, STAR_AT_END } from '../patterns.js';
import { StripeApiError } from '../requests/errors.js';
import { LONGEST_METADATA_NAME } from '../requests/params.js';
import { ENDPOINTS } from '../requests/routes.js';

/** What the control API is asked with, and how it refuses. Whatever is refused has changed nothing. */

/** Says in words for whoever asked what is wrong with it. */
export class BadInput extends Error {}

/** An object with these fields and no others; whoever writes another is told what there is. */
export function exactly<Shape extends z.core.$ZodLooseShape>(shape: Shape) {
  return z.strictObject(shape, {
    error: (issue) => {
      if (issue.code !== 'unrecognized_keys') return undefined;
      const named = issue.keys.map((key) => JSON.stringify(key)).join(', ');
      const known = Object.keys(shape);
      return `there is no ${named} here; ${known.length === 0 ? 'nothing is asked for' : `there are ${known.join(', ')}`}`;
    },
  });
}

/** One of several kinds of object, told apart by a field such as `kind`. */
export function apartBy<
  Field extends string,
  const Kinds extends readonly [z.core.$ZodTypeDiscriminable, ...z.core.$ZodTypeDiscriminable[]],
>(field: Field, kinds: Kinds) {
  const known = kinds.flatMap((kind) => [...(kind._zod.propValues?.[field] ?? [])].map(String));
  return z.discriminatedUnion(field, kinds, {
    error: ({ code, input }) => {
      if (code !== 'invalid_union') return undefined;
      const said = (input as Record<string, unknown>)[field];
      if (said === undefined) return `which ${field}? there are ${known.join(', ')}`;
      return noneCalled(field, typeof said === 'string' ? said : JSON.stringify(said), known);
    },
  });
}

function nameOf(what: string, known: readonly string[], isMeant = (name: string) => known.includes(name)) {
  return z.string().refine(isMeant, { error: ({ input }) => noneCalled(what, String(input), known) });
}

/** The secret key that opens an account. */
export const keySchema = z.string().regex(/^(sk|rk)_test_\w{4,}$/, 'a secret key is like sk_test_…');

/** An endpoint of Stripe's, such as `payment_intents.create`. */
export const endpointSchema = nameOf('endpoint', ENDPOINTS);

/** ISO 3166-1, such as `DE`. */
export const countrySchema = z
  .string()
  .regex(/^[A-Z]{2}$/, { error: 'a country is like DE', abort: true })
  .refine(isCountry, { error: ({ input }) => `there is no country ${input}: the codes are those of ISO 3166-1` });

/** What metadata of Stripe's can be called. */
export const metadataNameSchema = z
  .string()
  .max(LONGEST_METADATA_NAME, `metadata names have up to ${LONGEST_METADATA_NAME} characters`);

const TYPES = [...EVENT_TYPES];

/** What an endpoint asks for, as Stripe takes it: a type of event by its name, or `*`. */
export const eventTypeSchema = z.string().refine(canBeAskedFor, {
  error: ({ input }) =>
    String(input).endsWith('*')
      ? 'as at Stripe, an endpoint asks for types by their names, or with * for all of them'
      : noneCalled('event', String(input), TYPES),
});

/** A type of event by its name, or with `*` at its end all that begin so, of which there has to be one. */
export const eventPatternSchema = z
  .string()
  .refine(isPattern, { error: STAR_AT_END, abort: true })
  .pipe(nameOf('event', TYPES, (pattern) => TYPES.some((type) => fitsPattern(pattern, type))));

/** Of a record with a name that is wrong: what is wrong with it. */
export function wrongName(issue: z.core.$ZodRawIssue): string | undefined {
  return issue.code === 'invalid_key' ? issue.issues[0]?.message : undefined;
}

/** A whole number as a query says it. */
export function countSchema(least: number, most: number) {
  const asked = `a whole number from ${least} to ${most}`;
  return z
    .string()
    .regex(/^\d{1,16}$/, asked)
    .transform(Number)
    .pipe(z.int(asked).min(least, asked).max(most, asked));
}

/** @throws BadInput for what is asked twice: which of the two is meant? */
export function queryOf(params: URLSearchParams): Record<string, string> {
  for (const name of params.keys()) {
    if (params.getAll(name).length > 1) throw new BadInput(`${name}: given twice, and once is all it takes`);
  }
  return Object.fromEntries(params);
}

/** @throws BadInput */
export function parsedJson(body: string): unknown {
  let parsed: unknown;
  try {
    parsed = JSON.parse(body);
  } catch {
    throw new BadInput('the body must be JSON');
  }
  refuseLostName(parsed);
  return parsed;
}

/** JSON may have a name which every object has: whatever takes it over loses it without a word. */
const LOST = '__proto__';

/** Without recursion, as JSON may be nested deeper than calls. */
function refuseLostName(parsed: unknown): void {
  const waiting = [{ at: '', value: parsed }];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const { at, value } = next;
    if (typeof value !== 'object' || value === null) continue;
    if (Object.hasOwn(value, LOST)) throw new BadInput(`${at === '' ? '' : `${at}: `}nothing can be called "${LOST}"`);
    for (const [name, inner] of Object.entries(value)) {
      const place = Array.isArray(value) ? `${at}[${name}]` : at === '' ? name : `${at}.${name}`;
      waiting.push({ at: place, value: inner });
    }
  }
}

/** The status and the words that an error is answered with: 404 for an object that is not there, 422 for bad input. */
export function refusalOf(error: unknown): { status: number; message: string } {
  if (error instanceof z.ZodError) return { status: 422, message: z.prettifyError(error) };
  if (error instanceof BadInput) return { status: 422, message: error.message };
  if (error instanceof StripeApiError) return { status: error.status === 404 ? 404 : 422, message: error.message };
  return { status: 500, message: (error as Error).message };
}
