import { setImmediate } from 'node:timers/promises';
import { ApplicationFailure } from '@temporalio/activity';
import {
  type Booked,
  bookedBy,
  compareMovement,
  isWithin,
  type Movement,
  readBy,
  saysWhen,
} from '../domain/reconciling.js';
import {
  ACTIVITY_REPORT,
  heldAlone,
  heldTogether,
  type ReportLine,
  reportLines,
  type Sums,
} from '../domain/report-lines.js';
import { slicesOf } from '../domain/slices.js';
import type { LedgerEntry } from '../store/index.js';
import { isForbidden } from '../stripe/classify.js';
import type { ReportRun } from '../stripe/lists.js';
import type { ReportedPage, ReportInput, ReportLook } from './background-types.js';
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

/**
 * Lines that are held against the ledger at once. 150,000 take a second or two, and the calls of payments go on in this same
 * process meanwhile: so after every so many, a few ms, whatever else there is to do has its turn.
 */
const AT_ONCE = 250;

/**
 * Holds a whole report against the ledger. A report says neither whose a movement is nor what its intent is now, so it
 * proves agreement and nothing else: with anything that does not agree in it, it counts as not read, and the lists decide.
 */
export async function compareReport(
  parts: ReconcileParts,
  { account, file, size, fromMs = Number.NEGATIVE_INFINITY, toMs = Number.POSITIVE_INFINITY }: ReportInput,
): Promise<ReportedPage> {
  const { agrees, stripeCalls, counts } = await keptPage(
    parts,
    'report',
    async () => {
      const { answer, stripeCalls } = await unlessRefused(parts, () => parts.lists.reportContents(account, file, size));
      // Where the ledger does not answer, the next try counts this one's call.
      const agreeing = answer === null ? null : await agreeingIn(parts, { account, fromMs, toMs }, answer);
      if (agreeing === null) return { agrees: false, stripeCalls, counts: {} };
      const { movements, seen } = agreeing;
      return { agrees: true, stripeCalls, counts: { movements }, seen };
    },
    async (_, found) => found,
  );
  return { agrees, stripeCalls, counts };
}

/** How many movements a report tells of, and which entries of the ledger; null where not all of it can be read and agrees. */
async function agreeingIn(parts: ReconcileParts, where: Where, csv: string) {
  let movements = 0;
  const seen: string[] = [];
  const sums: Sums = new Map();
  for (const slice of slicesOf(reportLines(csv), AT_ONCE)) {
    const lines = slice.filter((line) => line !== null);
    if (lines.length < slice.length) return null;
    movements += lines.length;
    const entries = await agreeingWith(parts, where, heldAlone(lines, sums));
    if (entries === null) return null;
    seen.push(...entries);
    await setImmediate();
  }
  for (const lines of slicesOf(heldTogether(sums), AT_ONCE)) {
    const entries = await agreeingWith(parts, where, lines);
    if (entries === null) return null;
    seen.push(...entries);
    await setImmediate();
  }
  return { movements, seen };
}

/**
 * The entries of the ledger that these lines are of; null where one is missing or does not agree. What the ledger has in
 * another period is put at the edge of this one, however the rest of the report agrees: it is on no page of that other.
 */
async function agreeingWith(parts: ReconcileParts, { account, fromMs, toMs }: Where, lines: readonly ReportLine[]) {
  const { ledger } = booksFor(parts);
  const ids = lines.map(bookedBy).filter((id) => id !== null);
  const found = ids.length === 0 ? [] : await ledger.find(account, ids);
  const sayWhen = new Set(lines.filter(saysWhen).map(bookedBy));
  const elsewhere = found.filter((entry) => sayWhen.has(entry.id) && !isWithin(entry, fromMs, toMs));
  const edge = ({ occurredAtMs }: LedgerEntry) => (occurredAtMs < fromMs ? fromMs : toMs - 1);
  await ledger.happened(elsewhere.map((entry) => ({ ...entry, occurredAtMs: edge(entry) })));
  const booked = new Map<string, Booked>(found.map((entry) => [entry.id, entry]));
  const agrees = (line: ReportLine) => {
    const entry = booked.get(bookedBy(line) ?? '');
    return entry !== undefined && compareMovement(asMovement(line), entry, parts.deployment) === null;
  };
  return lines.every((line) => bookedBy(line) === null || agrees(line)) ? ids : null;
}

function asMovement(line: ReportLine): Movement {
  return { ...line, intent: null, createdMs: 0, labels: null, shown: null, refund: null, dispute: null };
}
