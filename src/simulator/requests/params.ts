import { z } from 'zod';
import { invalidRequest, type StripeApiError } from './errors.js';

/** A decoded form body or query: text, and objects of it. A list comes as an object by index. */
export type Params = { readonly [name: string]: ParamValue };
export type ParamValue = string | { [name: string]: ParamValue };

/*
 * The kinds of parameters there are. Each is left out as `undefined`; where nothing given (`description=`) takes away what
 * was there, it is null. `z.strictObject` refuses what it does not know, at every depth.
 */

/** A problem as zod reports it, that is to be told as Stripe would. */
function refusal(message: string, code?: string) {
  return { error: message, params: { code } };
}

/** Text of up to `most` characters, which nothing given takes away. */
export function text(most = 5_000) {
  return z
    .string({ error: 'Invalid string' })
    .max(most, { error: `must have at most ${most} characters` })
    .transform((given) => (given === '' ? null : given))
    .optional();
}

/** Text that must say something where it is given. */
export function word(most = 5_000) {
  return z
    .string({ error: 'Invalid string' })
    .min(1, { error: 'You passed an empty string' })
    .max(most, { error: `must have at most ${most} characters` });
}

export function integer(least = Number.MIN_SAFE_INTEGER, most = Number.MAX_SAFE_INTEGER) {
  return z
    .string({ error: 'Invalid integer' })
    .refine((given) => /^-?\d{1,15}$/.test(given), {
      ...refusal('Invalid integer', 'parameter_invalid_integer'),
      abort: true,
    })
    .transform(Number)
    .refine(
      (given) => given >= least,
      refusal(`This value must be greater than or equal to ${least}.`, 'parameter_invalid_integer'),
    )
    .refine(
      (given) => given <= most,
      refusal(`This value must be less than or equal to ${most}.`, 'parameter_invalid_integer'),
    );
}

export function boolean() {
  return z.enum(['true', 'false'], { error: 'Invalid boolean' }).transform((given) => given === 'true');
}

export function oneOf<const T extends readonly [string, ...string[]]>(choices: T) {
  return z.enum(choices, { error: `must be one of ${choices.join(', ')}` });
}

/** A list of `item`, in the order of its indexes. */
export function list<T extends z.ZodType>(item: T) {
  return z
    .record(z.string().regex(/^\d{1,4}$/, { error: 'Invalid array' }), item, { error: 'Invalid array' })
    .transform((given) => Object.values(given) as z.output<T>[]);
}

export function object<T extends z.ZodRawShape>(shape: T) {
  return z.strictObject(shape, { error: (issue) => (issue.code === 'invalid_type' ? 'Invalid object' : undefined) });
}

/** Times, in Unix seconds. */
export const time = () => integer(0);

/** `expand[]`: what is to be shown whole. Every endpoint takes it. */
export const EXPAND = { expand: list(word()).optional() };

const RANGE = object({
  gt: time().optional(),
  gte: time().optional(),
  lt: time().optional(),
  lte: time().optional(),
});

/** What every list takes. */
export const LIST = {
  ...EXPAND,
  limit: integer(1, 100).optional(),
  starting_after: word().optional(),
  ending_before: word().optional(),
};

/** A time, or a range of them. */
export const RANGE_OF_TIMES = z
  .union([time().transform((at): z.output<typeof RANGE> => ({ gte: at, lte: at })), RANGE])
  .optional();

/** What a list takes of objects that have been created at some time. */
export const LIST_BY_TIME = { ...LIST, created: RANGE_OF_TIMES };

export type ListParams = z.output<z.ZodObject<typeof LIST_BY_TIME>>;

/** docs.stripe.com/metadata. */
export const LONGEST_METADATA_NAME = 40;
export const LONGEST_METADATA_VALUE = 500;
const MOST_METADATA = 50;
const TOO_MANY = `Metadata can have at most ${MOST_METADATA} keys`;

const ENTRIES = z.record(
  z.string().max(LONGEST_METADATA_NAME, { error: `Metadata keys have up to ${LONGEST_METADATA_NAME} characters` }),
  z
    .string({ error: 'Metadata values must be strings' })
    .max(LONGEST_METADATA_VALUE, { error: `Metadata values have up to ${LONGEST_METADATA_VALUE} characters` }),
  { error: 'Invalid object' },
);

/** Metadata of what is new. */
export const METADATA = ENTRIES.optional();

/** Metadata of what is there: nothing for a key takes that key away, nothing at all takes them all. */
export const METADATA_CHANGE = z.union([z.literal('').transform(() => null), ENTRIES]).optional();

/** The metadata after an update. @throws the 400 for more keys than there may be. */
export function changedMetadata(
  before: Record<string, string>,
  given: Record<string, string> | null | undefined,
): Record<string, string> {
  if (given === undefined) return before;
  if (given === null) return {};
  const after = Object.entries({ ...before, ...given }).filter(([, value]) => value !== '');
  if (after.length > MOST_METADATA) throw invalidRequest(TOO_MANY, undefined, 'metadata');
  return Object.fromEntries(after);
}

/** What was given, checked and decoded. @throws the 400 that Stripe would answer, naming the first parameter at fault. */
export function read<T extends z.ZodType>(schema: T, params: Params): z.output<T> {
  const result = schema.safeParse(params);
  if (result.success) return result.data;
  throw told(result.error.issues, params);
}

function told(issues: readonly z.core.$ZodIssue[], params: Params): StripeApiError {
  // As at Stripe, what it does not know comes before what it does not like.
  const issue = issues.find(({ code }) => code === 'unrecognized_keys') ?? (issues[0] as z.core.$ZodIssue);
  if (issue.code === 'unrecognized_keys') {
    const name = nameOf([...issue.path, issue.keys[0] ?? '']);
    return invalidRequest(`Received unknown parameter: ${name}`, 'parameter_unknown', name);
  }
  const name = nameOf(issue.path);
  const given = issue.path.reduce<unknown>(
    (value, part) => (value as Record<PropertyKey, unknown> | undefined)?.[part],
    params,
  );
  if (issue.code === 'invalid_union') return told(likeliest(issue.errors, issue.path, given), params);
  if (given === undefined) return invalidRequest(`Missing required param: ${name}.`, 'parameter_missing', name);
  if (given === '') {
    return invalidRequest(`You passed an empty string for '${name}'.`, 'parameter_invalid_empty', name);
  }
  const code = issue.code === 'custom' ? (issue.params?.['code'] as string | undefined) : undefined;
  return invalidRequest(worded(issue.message, name, given), code, name);
}

/** `Invalid integer: abc`, `Invalid capture_method: must be one of …`, or what there is to say as it is. */
function worded(message: string, name: string, given: unknown): string {
  if (message.startsWith('Invalid ')) return `${message}: ${typeof given === 'string' ? given.slice(0, 100) : name}`;
  return /^[A-Z]/.test(message) ? message : `Invalid ${name}: ${message}`;
}

/** Of what each kind of a union found wrong, what the one that was most probably meant did. */
function likeliest(
  errors: readonly (readonly z.core.$ZodIssue[])[],
  path: readonly PropertyKey[],
  given: unknown,
): z.core.$ZodIssue[] {
  const wantsObject = (issues: readonly z.core.$ZodIssue[]) =>
    issues.some((issue) => issue.path.length > 0 || issue.code === 'unrecognized_keys');
  const meant = errors.find((issues) => wantsObject(issues) === (typeof given === 'object')) ?? errors[0] ?? [];
  return meant.map((issue) => ({ ...issue, path: [...path, ...issue.path] }));
}

/** `a[b][c]`, as Stripe names a parameter. */
function nameOf(path: readonly PropertyKey[]): string {
  return path.map((part, depth) => (depth === 0 ? String(part) : `[${String(part)}]`)).join('');
}
