import { invalidRequest } from '../errors.js';

/** One comparison of a search (docs.stripe.com/search#search-query-language). */
export interface Clause {
  readonly field: string;
  /** Of `metadata["key"]`. */
  readonly key: string | null;
  readonly operator: ':' | '~' | '>' | '<' | '>=' | '<=';
  /** Null: that there is nothing. */
  readonly value: string | number | null;
  readonly negated: boolean;
}

export interface Query {
  readonly clauses: readonly Clause[];
  readonly joined: 'AND' | 'OR';
}

/** What may be asked of a field. */
export type FieldKind = 'token' | 'string' | 'numeric' | 'boolean';
export type Fields = Readonly<Record<string, FieldKind>>;

const MOST_CLAUSES = 10;
const CLAUSE =
  /^(-?)([a-z_][a-z_.0-9]*)(?:\[(?:"([^"]*)"|'([^']*)')\])?\s*(:|~|>=|<=|>|<)\s*(?:"((?:[^"\\]|\\.)*)"|'((?:[^'\\]|\\.)*)'|(-?\d+(?:\.\d+)?)|(null|true|false))/;

/** @throws the 400 that Stripe answers to what it cannot read. */
export function parseQuery(text: string, fields: Fields): Query {
  const clauses: Clause[] = [];
  let joined: Query['joined'] | undefined;
  let rest = text.trim();
  for (;;) {
    const match = CLAUSE.exec(rest);
    if (match === null) throw unreadable(rest);
    clauses.push(clauseOf(match, fields));
    rest = rest.slice(match[0].length).trim();
    if (rest === '') break;
    const join = /^(AND|OR)\s+/i.exec(rest);
    if (join === null && /^(AND|OR)$/i.test(rest)) throw unreadable(rest);
    const word = (join?.[1]?.toUpperCase() ?? 'AND') as Query['joined'];
    if (joined !== undefined && joined !== word) {
      throw invalidRequest('AND and OR cannot be used in one query.', undefined, 'query');
    }
    joined = word;
    rest = rest.slice(join?.[0].length ?? 0);
  }
  if (clauses.length > MOST_CLAUSES) {
    throw invalidRequest(`A query has at most ${MOST_CLAUSES} clauses.`, undefined, 'query');
  }
  return { clauses, joined: joined ?? 'AND' };
}

function clauseOf(match: RegExpExecArray, fields: Fields): Clause {
  const [, minus, field = '', key1, key2, operator, text1, text2, number, word] = match;
  const key = key1 ?? key2 ?? null;
  const text = text1 ?? text2;
  const kind =
    field === 'metadata' && key !== null ? 'string' : Object.hasOwn(fields, field) ? fields[field] : undefined;
  if (kind === undefined) {
    throw invalidRequest(`Field \`${field}\` is an unsupported search field.`, undefined, 'query');
  }
  if (operator === '~' && (kind !== 'string' || (text ?? '').length < 3)) {
    throw invalidRequest(
      `\`~\` takes text of three letters or more, of a field that is text: ${field}.`,
      undefined,
      'query',
    );
  }
  if (operator !== ':' && operator !== '~' && kind !== 'numeric') {
    throw invalidRequest(`\`${field}\` cannot be compared by \`${operator}\`.`, undefined, 'query');
  }
  const value =
    text === undefined
      ? number === undefined
        ? word === 'null'
          ? null
          : (word ?? '')
        : Number(number)
      : unescaped(text);
  return { field, key, operator: operator as Clause['operator'], value, negated: minus === '-' };
}

/** The fields of a row by their names in a query. */
export function fitsQuery({ clauses, joined }: Query, row: unknown): boolean {
  return joined === 'AND' ? clauses.every((clause) => fits(clause, row)) : clauses.some((clause) => fits(clause, row));
}

function fits(clause: Clause, row: unknown): boolean {
  return compare(clause, held(clause, row)) !== clause.negated;
}

function compare({ operator, value, field }: Clause, there: unknown): boolean {
  if (value === null) return there === null || there === undefined;
  switch (operator) {
    case ':':
      // Customers are looked for by whole words, whatever their case.
      if (field === 'email' || field === 'name')
        return String(there ?? '').toLowerCase() === String(value).toLowerCase();
      return there !== null && there !== undefined && String(there) === String(value);
    case '~':
      return String(there ?? '')
        .toLowerCase()
        .includes(String(value).toLowerCase());
    case '>':
      return Number(there) > Number(value);
    case '<':
      return Number(there) < Number(value);
    case '>=':
      return Number(there) >= Number(value);
    case '<=':
      return Number(there) <= Number(value);
  }
}

function held({ field, key }: Clause, row: unknown): unknown {
  const found = field
    .split('.')
    .reduce<unknown>((value, name) => (value as Record<string, unknown> | null | undefined)?.[name], row);
  return key === null ? found : (found as Record<string, unknown> | undefined)?.[key];
}

function unescaped(text: string): string {
  return text.replace(/\\(.)/g, '$1');
}

function unreadable(at: string) {
  return invalidRequest(`We were unable to parse your search query at: ${at.slice(0, 60)}`, undefined, 'query');
}
