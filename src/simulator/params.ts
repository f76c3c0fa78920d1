import { invalidRequest } from './errors.js';

/** A decoded form body or query: strings, lists and nested objects of them. */
export type Params = { readonly [name: string]: ParamValue };
export type ParamValue = string | ParamValue[] | { [name: string]: ParamValue };

/** Refuses what Stripe would not know, by its name. */
export function onlyKnown(params: Params, known: readonly string[]): void {
  for (const name of Object.keys(params)) {
    if (!known.includes(name)) {
      throw invalidRequest(`Received unknown parameter: ${name}`, 'parameter_unknown', name);
    }
  }
}

export function text(params: Params, name: string): string | undefined {
  const value = params[name];
  if (value === undefined || value === '') return undefined;
  if (typeof value !== 'string') throw invalidRequest(`Invalid string: ${name}`, undefined, name);
  return value;
}

export function required(params: Params, name: string): string {
  const value = text(params, name);
  if (value === undefined) {
    throw invalidRequest(`Missing required param: ${name}.`, 'parameter_missing', name);
  }
  return value;
}

export function integer(params: Params, name: string): number | undefined {
  const value = text(params, name);
  if (value === undefined) return undefined;
  if (!/^-?\d{1,15}$/.test(value)) throw invalidRequest(`Invalid integer: ${value}`, 'parameter_invalid_integer', name);
  return Number(value);
}

export function boolean(params: Params, name: string): boolean {
  const value = text(params, name);
  if (value === undefined) return false;
  if (value !== 'true' && value !== 'false') throw invalidRequest(`Invalid boolean: ${value}`, undefined, name);
  return value === 'true';
}

export function oneOf<T extends string>(params: Params, name: string, choices: readonly T[]): T | undefined {
  const value = text(params, name);
  if (value === undefined) return undefined;
  if (!choices.includes(value as T)) {
    throw invalidRequest(`Invalid ${name}: must be one of ${choices.join(', ')}`, undefined, name);
  }
  return value as T;
}

export function nested(params: Params, name: string): Params | undefined {
  const value = params[name];
  if (value === undefined) return undefined;
  if (typeof value !== 'object' || Array.isArray(value)) throw invalidRequest('Invalid object', undefined, name);
  return value;
}

export function metadataOf(params: Params): Record<string, string> {
  const entries = Object.entries(nested(params, 'metadata') ?? {});
  if (entries.length > 50) throw invalidRequest('Metadata can have at most 50 keys', undefined, 'metadata');
  return Object.fromEntries(
    entries.map(([key, value]) => {
      if (typeof value !== 'string' || key.length > 40 || value.length > 500) {
        throw invalidRequest('Metadata values must be strings of up to 500 characters', undefined, `metadata[${key}]`);
      }
      return [key, value];
    }),
  );
}

/** The metadata after an update: what is named is set, what is set to nothing is taken away. */
export function changedMetadata(before: Record<string, string>, params: Params): Record<string, string> {
  if (params['metadata'] === '') return {};
  const entries = Object.entries({ ...before, ...metadataOf(params) });
  return Object.fromEntries(entries.filter(([, value]) => value !== ''));
}
