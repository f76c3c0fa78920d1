import { toMinorUnits } from './minor-units.js';
import type { Movement, MovementKind } from './reconciling.js';

/** The report whose lines are what moved, one each. */
export const ACTIVITY_REPORT = 'balance_change_from_activity.itemized.3';

/**
 * A movement as a report tells it: without its intent, and without saying whose it is. What came back of a dispute or a
 * refund is negative.
 */
export interface ReportLine extends Pick<Movement, 'id' | 'kind' | 'source' | 'currency'> {
  readonly amount: number;
}

const KINDS: ReadonlySet<string> = new Set(['charge', 'refund', 'refund_failure', 'dispute', 'dispute_reversal']);

/**
 * The movements in an itemised report, each read as it is asked for. Null, and nothing after it, where the report is none that
 * can be read whole: a column that is missing, a line that was cut off. Such a report proves nothing.
 */
export function* reportLines(csv: string): Generator<ReportLine | null> {
  const records = readCsv(csv);
  const { value: header } = records.next();
  const read = header ? readerOf(header) : null;
  if (read === null) {
    yield null;
    return;
  }
  for (const record of records) {
    const line = record === null ? null : read(record);
    yield line;
    if (line === null) return;
  }
}

/** Reads a record as the line that it is, or as null; there is none to read them where a column is missing. */
function readerOf(header: readonly string[]): ((record: readonly string[]) => ReportLine | null) | null {
  const columns = ['balance_transaction_id', 'reporting_category', 'source_id', 'customer_facing_amount', 'gross'];
  const at = new Map(header.map((name, index) => [name, index]));
  if (![...columns, 'customer_facing_currency', 'currency'].every((name) => at.has(name))) return null;
  return (record) => {
    if (record.length !== header.length) return null;
    const of = (name: string) => record[at.get(name) ?? -1] ?? '';
    const category = of('reporting_category');
    const kind = KINDS.has(category) ? (category as MovementKind) : 'other';
    // A dispute is booked in the balance's currency, everything else in the one that the customer paid in.
    const ofBalance = isOfDispute(kind);
    const currency = (!ofBalance && of('customer_facing_currency')) || of('currency');
    const moved = toMinorUnits((!ofBalance && of('customer_facing_amount')) || of('gross'), currency);
    const id = of('balance_transaction_id');
    if (moved === null || id === '') return null;
    const amount = comesBack(kind) ? 0 - moved : Math.abs(moved);
    return { id, kind, source: of('source_id') || null, amount, currency };
  };
}

/** What the lines of each dispute and refund have come to so far. */
export type Sums = Map<string, ReportLine>;

/**
 * Of these lines, what is held against the ledger by itself. Of each dispute and refund one line is held, with what all of its
 * lines come to: they are added up in `sums`, which is known once all lines of the report have been here.
 */
export function heldAlone(lines: readonly ReportLine[], sums: Sums): readonly ReportLine[] {
  const alone: ReportLine[] = [];
  for (const line of lines) {
    // Unlike currencies do not add up: then neither line agrees with the ledger, and the lists tell.
    const sum = `${line.source} ${line.currency}`;
    if (!comesBack(line.kind)) alone.push(line);
    else sums.set(sum, { ...line, amount: line.amount + (sums.get(sum)?.amount ?? 0) });
  }
  return alone;
}

/** Of each dispute and refund the line that is held. */
export function* heldTogether(sums: Sums): Generator<ReportLine> {
  for (const line of sums.values()) yield { ...line, amount: Math.max(0, line.amount) };
}

/** Of these what went out can come back, as a movement of its own. */
function comesBack(kind: MovementKind): boolean {
  return isOfDispute(kind) || kind === 'refund' || kind === 'refund_failure';
}

function isOfDispute(kind: MovementKind): boolean {
  return kind === 'dispute' || kind === 'dispute_reversal';
}

/** The records of an RFC 4180 text, each read as it is asked for; null, and nothing after it, where it ends amid one. */
export function* readCsv(text: string): Generator<readonly string[] | null> {
  let record: string[] = [];
  const cell = /"([^"]*(?:""[^"]*)*)"(,|\r?\n)|([^",\r\n]*)(,|\r?\n)/y;
  while (cell.lastIndex < text.length) {
    const found = cell.exec(text);
    if (found === null) {
      yield null;
      return;
    }
    const [, quoted, quotedEnd, plain = '', plainEnd] = found;
    record.push(quoted === undefined ? plain : quoted.replaceAll('""', '"'));
    if ((quotedEnd ?? plainEnd) === ',') continue;
    yield record;
    record = [];
  }
  if (record.length > 0) yield null;
}
