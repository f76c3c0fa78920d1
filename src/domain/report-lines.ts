import { toMinorUnits } from './minor-units.js';
import type { Movement, MovementKind } from './reconciling.js';

/** The report whose lines are what moved, one each. */
export const ACTIVITY_REPORT = 'balance_change_from_activity.itemized.3';

/**
 * A movement as a report tells it: without its intent, and without saying whose it is. What came back of a dispute is
 * negative.
 */
export type ReportLine = Pick<Movement, 'id' | 'kind' | 'source' | 'amount' | 'currency'>;

const KINDS: ReadonlySet<string> = new Set(['charge', 'refund', 'refund_failure', 'dispute', 'dispute_reversal']);

/**
 * The movements in an itemised report. Null where it is none that can be read whole: a column that is missing, a line that
 * was cut off. Such a report proves nothing.
 */
export function reportLines(csv: string): ReportLine[] | null {
  const [header, ...records] = readCsv(csv) ?? [];
  if (header === undefined) return null;
  const columns = ['balance_transaction_id', 'reporting_category', 'source_id', 'customer_facing_amount', 'gross'];
  const at = new Map(header.map((name, index) => [name, index]));
  if (![...columns, 'customer_facing_currency', 'currency'].every((name) => at.has(name))) return null;
  const lines: ReportLine[] = [];
  for (const record of records) {
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
    const amount = ofBalance ? 0 - moved : Math.abs(moved);
    lines.push({ id, kind, source: of('source_id') || null, amount, currency });
  }
  return lines;
}

/** What is held against the ledger: the lines, but of each dispute one, with what its lines come to. */
export function heldIn(lines: readonly ReportLine[]): readonly ReportLine[] {
  const held: ReportLine[] = [];
  const disputes = new Map<string | null, ReportLine>();
  for (const line of lines) {
    if (!isOfDispute(line.kind)) held.push(line);
    else disputes.set(line.source, { ...line, amount: line.amount + (disputes.get(line.source)?.amount ?? 0) });
  }
  return [...held, ...[...disputes.values()].map((line) => ({ ...line, amount: Math.max(0, line.amount) }))];
}

function isOfDispute(kind: MovementKind): boolean {
  return kind === 'dispute' || kind === 'dispute_reversal';
}

/** The records of an RFC 4180 text; null where it ends amid one. */
export function readCsv(text: string): string[][] | null {
  const records: string[][] = [];
  let record: string[] = [];
  const cell = /"((?:[^"]|"")*)"(,|\r?\n)|([^",\r\n]*)(,|\r?\n)/y;
  while (cell.lastIndex < text.length) {
    const found = cell.exec(text);
    if (found === null) return null;
    const [, quoted, quotedEnd, plain = '', plainEnd] = found;
    record.push(quoted === undefined ? plain : quoted.replaceAll('""', '"'));
    if ((quotedEnd ?? plainEnd) === ',') continue;
    records.push(record);
    record = [];
  }
  return record.length === 0 ? records : null;
}
