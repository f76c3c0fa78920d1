import { ApplicationFailure } from '@temporalio/activity';
import { type Booked, bookedBy, compareMovement, type Movement, readBy } from '../domain/reconciling.js';
import { ACTIVITY_REPORT, heldIn, type ReportLine, reportLines } from '../domain/report-lines.js';
import { isForbidden } from '../stripe/classify.js';
import type { ReportRun } from '../stripe/lists.js';
import type { ReportedPage, ReportLook } from './background-types.js';
import { booksFor, jobOf, keptPage } from './kept-page.js';
import { type OneCall, oneCall, STRIPE_REFUSED } from './one-call.js';
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
  return look(parts, () =>
    parts.lists.createReport(account, ACTIVITY_REPORT, { fromMs, toMs }, `penstock/1/${jobOf()}/report`),
  );
}

/** Looks whether it is there. */
export async function lookAtReport(
  parts: ReconcileParts,
  input: { account: string; run: string },
): Promise<ReportLook> {
  return look(parts, () => parts.lists.retrieveReport(input.account, input.run));
}

async function look(parts: ReconcileParts, ask: () => Promise<ReportRun>): Promise<ReportLook> {
  const { answer, stripeCalls } = await unlessRefused(parts, ask);
  return { ...(answer ?? { id: '', status: 'failed', file: null }), stripeCalls, counts: {} };
}

/** Null is what Stripe refuses to report, such as to a key that may read no reports: the lists tell the same. */
async function unlessRefused<T>(parts: ReconcileParts, ask: () => Promise<T>): Promise<OneCall<T | null>> {
  try {
    return await oneCall<T | null>(parts, () => ask().catch(nullIfForbidden));
  } catch (error) {
    if (!(error instanceof ApplicationFailure) || error.type !== STRIPE_REFUSED) throw error;
    const [stripeCalls] = error.details as [number];
    return { answer: null, stripeCalls };
  }
}

/** Elsewhere a 403 is the account's trouble, which a person mends; a key without reports is as its owner wants it. */
function nullIfForbidden(error: unknown): null {
  if (isForbidden(error)) return null;
  throw error;
}

/** Ledger entries are looked up so many at once. */
const AT_ONCE = 1_000;

/**
 * Holds a whole report against the ledger. A report says neither whose a movement is nor what its intent is now, so it
 * proves agreement and nothing else: with anything that does not agree in it, it counts as not read, and the lists decide.
 */
export async function compareReport(
  parts: ReconcileParts,
  { account, file, size }: { account: string; file: string; size?: number | undefined },
): Promise<ReportedPage> {
  const page = await keptPage(
    parts,
    'report',
    () => unlessRefused(parts, () => parts.lists.reportContents(account, file, size)),
    async (books, { answer, stripeCalls }) => {
      const lines = answer === null ? null : reportLines(answer);
      const held = heldIn(lines ?? []).filter((line) => bookedBy(line) !== null);
      const seen = held.map(bookedBy).filter((id) => id !== null);
      const booked = new Map<string, Booked>();
      for (let from = 0; from < seen.length; from += AT_ONCE) {
        for (const entry of await books.ledger.find(account, seen.slice(from, from + AT_ONCE))) {
          booked.set(entry.id, entry);
        }
      }
      const agrees = held.every((line) => {
        const entry = booked.get(bookedBy(line) ?? '');
        return entry !== undefined && compareMovement(asMovement(line), entry, parts.deployment) === null;
      });
      if (lines === null || !agrees) return { agrees: false, stripeCalls, counts: {} };
      return { agrees: true, stripeCalls, counts: { movements: lines.length }, seen };
    },
  );
  const { agrees, stripeCalls, counts } = page;
  return { agrees, stripeCalls, counts };
}

function asMovement(line: ReportLine): Movement {
  return { ...line, intent: null, createdMs: 0, labels: null, shown: null, refund: null, dispute: null };
}
