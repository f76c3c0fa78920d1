import { invalidRequest } from '../requests/errors.js';

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

/** What may be asked of a field: parts of text only of a `string`, order only of what is `numeric`. */
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
    rest = rest.slice(match[0].length);
    if (rest.trim() === '') break;
    const join = /^\s+(?:(AND|OR)\s+)?/i.exec(rest);
    if (join === null) throw unreadable(rest);
    const word = (join[1]?.toUpperCase() ?? 'AND') as Query['joined'];
    if (joined !== undefined && joined !== word) throw refused('AND and OR cannot be used in one query.');
    joined = word;
    rest = rest.slice(join[0].length);
  }
  if (clauses.length > MOST_CLAUSES) throw refused(`A query has at most ${MOST_CLAUSES} clauses.`);
  return { clauses, joined: joined ?? 'AND' };
}

function clauseOf(match: RegExpExecArray, fields: Fields): Clause {
  const [, minus, field = '', key1, key2, operator = ':', text1, text2, number, word] = match;
  const key = key1 ?? key2 ?? null;
  const text = text1 ?? text2;
  // What is in metadata is compared whole.
  const known = Object.hasOwn(fields, field) ? fields[field] : undefined;
  const kind = field === 'metadata' ? (key === null ? undefined : 'token') : key === null ? known : undefined;
  if (kind === undefined) throw refused(`Field \`${field}\` is an unsupported search field.`);
  if (operator === '~' && (kind !== 'string' || (text ?? '').length < 3)) {
    throw refused(`\`~\` takes text of three letters or more, of a field that is text: ${field}.`);
  }
  if (operator !== ':' && operator !== '~' && (kind !== 'numeric' || word !== undefined)) {
    throw refused(`\`${field}\` cannot be compared by \`${operator}\`.`);
  }
  const said = text !== undefined ? unescaped(text) : (number ?? (word === 'null' ? null : (word ?? '')));
  const value = kind === 'numeric' && said !== null ? Number(said) : said;
  if (Number.isNaN(value)) throw refused(`\`${field}\` is a number.`);
  return { field, key, operator: operator as Clause['operator'], value, negated: minus === '-' };
}

/** The fields of a row by their names in a query. */
export function fitsQuery({ clauses, joined }: Query, row: unknown): boolean {
  return joined === 'AND' ? clauses.every((clause) => fits(clause, row)) : clauses.some((clause) => fits(clause, row));
}

function fits(clause: Clause, row: unknown): boolean {
  return compare(clause, held(clause, row)) !== clause.negated;
}

function compare({ operator, value }: Clause, there: unknown): boolean {
  if (value === null) return there === null || there === undefined;
  switch (operator) {
    case ':':
      return there !== null && there !== undefined && folded(there) === folded(value);
    case '~':
      return folded(there ?? '').includes(folded(value));
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
  if (key === null) return found;
  // What every object has, such as `constructor`, is nobody's metadata.
  return Object.hasOwn(found as object, key) ? (found as Record<string, unknown>)[key] : undefined;
}

/** Comparisons are "case insensitive" (docs.stripe.com/search#search-syntax). */
function folded(value: unknown): string {
  return String(value).toLowerCase();
}

function unescaped(text: string): string {
  return text.replace(/\\(.)/g, '$1');
}

function unreadable(at: string) {
  return refused(`We were unable to parse your search query at: ${at.slice(0, 60)}`);
}

function refused(message: string) {
  return invalidRequest(message, undefined, 'query');
}
