import { bookedBy, compareMovement, type Movement, readBy } from '../domain/reconciling.js';
import { ACTIVITY_REPORT, type ReportLine, reportLines } from '../domain/report-lines.js';
import type { ReportedPage, ReportLook } from './background-types.js';
import { booksFor, jobOf, keptPage } from './kept-page.js';
import { oneCall } from './one-call.js';
import type { ReconcileParts } from './reconcile.js';

interface Where {
  readonly account: string;
  readonly fromMs: number;
  readonly toMs: number;
}

/** Whether a report is fewer calls than lists, by what the ledger expects. Asks the store. */
export async function chooseReading(parts: ReconcileParts, { account, fromMs, toMs }: Where) {
  const expected = await booksFor(parts).ledger.count(account, fromMs, toMs);
  return { reading: readBy(expected, toMs, parts.now()) };
}

/** Asks Stripe for the report: the job's own, however often it is asked for. */
export async function askReport(parts: ReconcileParts, { account, fromMs, toMs }: Where): Promise<ReportLook> {
  const { answer, stripeCalls } = await oneCall(parts, () =>
    parts.lists.createReport(account, ACTIVITY_REPORT, { fromMs, toMs }, `penstock/1/${jobOf()}/report`),
  );
  return { ...answer, stripeCalls, counts: {} };
}

/** Looks whether it is there. */
export async function lookAtReport(
  parts: ReconcileParts,
  input: { account: string; run: string },
): Promise<ReportLook> {
  const { answer, stripeCalls } = await oneCall(parts, () => parts.lists.retrieveReport(input.account, input.run));
  return { ...answer, stripeCalls, counts: {} };
}

/** Ledger entries are looked up so many at once. */
const AT_ONCE = 1_000;

/**
 * Holds a whole report against the ledger. A report says neither whose a movement is nor what its intent is now, so it
 * proves agreement and nothing else: with anything that does not agree in it, it counts as not read, and the lists decide.
 */
export function compareReport(
  parts: ReconcileParts,
  { account, file }: { account: string; file: string },
): Promise<ReportedPage> {
  return keptPage(
    parts,
    'report',
    () => oneCall(parts, () => parts.lists.reportContents(account, file)),
    async (books, { answer, stripeCalls }) => {
      const lines = answer === null ? null : reportLines(answer);
      const seen = (lines ?? []).map((line) => bookedBy(asMovement(line))).filter((id) => id !== null);
      const booked = new Map<string, Awaited<ReturnType<typeof books.ledger.find>>[number]>();
      for (let from = 0; from < seen.length; from += AT_ONCE) {
        for (const entry of await books.ledger.find(account, seen.slice(from, from + AT_ONCE))) {
          booked.set(entry.id, entry);
        }
      }
      const agrees = lines?.every((line) => {
        const id = bookedBy(asMovement(line));
        const entry = id === null ? undefined : booked.get(id);
        return (
          id === null || (entry !== undefined && compareMovement(asMovement(line), entry, parts.deployment) === null)
        );
      });
      if (lines === null || agrees !== true) return { agrees: false, stripeCalls, counts: {} };
      return { agrees: true, stripeCalls, counts: { movements: lines.length }, seen };
    },
  ).then(({ agrees, stripeCalls, counts }) => ({ agrees, stripeCalls, counts }));
}

function asMovement(line: ReportLine): Movement {
  return { ...line, intent: null, createdMs: 0, labels: null, shown: null, refund: null };
}
