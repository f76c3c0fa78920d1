import type { Readable } from 'node:stream';
import type Stripe from 'stripe';
import type { Movement } from '../domain/reconciling.js';
import type { SyncedObject, SyncKind } from '../domain/syncing.js';
import { type StripeEvent, toEvent } from './events.js';
import type { StripeGateway } from './gateway.js';
import { toMovement, toSynced } from './historic.js';
import { ifReadable } from './snapshot.js';

/** A stretch of Stripe's `created` time, Unix ms: from the first, up to and without the second, in whole seconds. */
export interface Period {
  readonly fromMs: number;
  readonly toMs: number;
}

/** One page of a list, newest first as Stripe lists; `next` is the cursor of the page after it, null after the last. */
export interface ListPage<T> {
  readonly items: readonly T[];
  readonly next: string | null;
}

/** Events, and the ids of those that could not be read: they keep nobody from the rest. */
export interface EventsPage extends ListPage<StripeEvent> {
  readonly unreadable: readonly string[];
}

/** A report's run, as far as it has come. */
export interface ReportRun {
  readonly id: string;
  readonly status: 'pending' | 'succeeded' | 'failed';
  /** The file that holds it, once it has succeeded, and its size in bytes. */
  readonly file: string | null;
  readonly size?: number | undefined;
}

/** As many as Stripe lists at once: one call for a hundred objects. */
export const PAGE_SIZE = 100;

/**
 * More of a report than this is not read, bytes: it is held whole, beside the payments of its worker. Some 200 bytes a line, that is
 * 150,000 movements.
 */
const LARGEST_REPORT = 32 * 1024 * 1024;

/**
 * What background work reads: pages of a hundred, and reports. Each method is one request through the gateway, so it is
 * metered and guarded like any other. All of them throw whatever kept the answer from being read.
 */
export class StripeLists {
  constructor(private readonly gateway: StripeGateway) {}

  /**
   * Events of which some endpoint has not had the delivery. At most 20 types can be asked for; Stripe keeps events for
   * 30 days.
   */
  async undeliveredEvents(
    account: string,
    period: Period,
    types: readonly string[],
    after: string | null,
  ): Promise<EventsPage> {
    const owner = this.gateway.ownerOf(account);
    const page = await this.gateway.run({ account, endpoint: 'events.list' }, (stripe) =>
      stripe.events.list({ ...paged(period, after), delivery_success: false, types: [...types] }),
    );
    const unreadable: string[] = [];
    const read = pageOf(page, (event) => {
      const one = ifReadable(() => toEvent(owner, event));
      if (one === null) unreadable.push(event.id);
      return one ?? [];
    });
    return { items: read.items.flat(), next: read.next, unreadable };
  }

  /**
   * What moved on the account's balance, each with what it came from and the intent of that: one call shows a hundred
   * payments as they stand, and none has to be read by itself.
   */
  async movements(account: string, period: Period, after: string | null): Promise<ListPage<Movement>> {
    const owner = this.gateway.ownerOf(account);
    const expand = ['data.source', 'data.source.payment_intent'];
    const page = await this.gateway.run(
      { account, endpoint: 'balance_transactions.list', mayWaitForDays: true },
      (stripe) => stripe.balanceTransactions.list({ ...paged(period, after), expand }),
    );
    return pageOf(page, (moved) => toMovement(owner, moved));
  }

  /** Historic objects of one kind, reduced to what is kept of them. */
  async objects(
    account: string,
    kind: SyncKind,
    period: Period,
    after: string | null,
  ): Promise<ListPage<SyncedObject>> {
    const params = paged(period, after);
    const page = await this.gateway.run({ account, endpoint: `${kind}.list`, mayWaitForDays: true }, (stripe) =>
      list(stripe, kind, params),
    );
    return pageOf(page, toSynced);
  }

  /** Asks Stripe to write a report of a period. A repeat under the same key is the same run. */
  async createReport(account: string, reportType: string, period: Period, key: string): Promise<ReportRun> {
    const parameters = { interval_start: seconds(period.fromMs), interval_end: seconds(period.toMs) };
    const run = await this.gateway.run(
      { account, endpoint: 'reporting.report_runs.create', mayWaitForDays: true },
      (stripe) => stripe.reporting.reportRuns.create({ report_type: reportType, parameters }, { idempotencyKey: key }),
    );
    return toReportRun(run);
  }

  async retrieveReport(account: string, id: string): Promise<ReportRun> {
    const run = await this.gateway.run(
      { account, endpoint: 'reporting.report_runs.retrieve', mayWaitForDays: true },
      (stripe) => stripe.reporting.reportRuns.retrieve(id),
    );
    return toReportRun(run);
  }

  /**
   * A report's file, whole; null where it is larger than can be held, or another size than Stripe says: lines that are missing
   * at its end would be missing for good.
   */
  async reportContents(account: string, file: string, size: number | undefined): Promise<string | null> {
    const path = `/v1/files/${encodeURIComponent(file)}/contents`;
    return this.gateway.run({ account, endpoint: 'files.contents', mayWaitForDays: true }, async (stripe) => {
      const answer: unknown = await stripe.rawRequest('GET', path, undefined, { apiBase: 'files', streaming: true });
      return wholeText(answer as Readable, size);
    });
  }
}

function paged({ fromMs, toMs }: Period, after: string | null) {
  const created = { gte: seconds(fromMs), lt: seconds(toMs) };
  return { created, limit: PAGE_SIZE, ...(after === null ? {} : { starting_after: after }) };
}

function seconds(ms: number): number {
  return Math.floor(ms / 1_000);
}

type Historic = Stripe.Charge | Stripe.Refund | Stripe.Customer | Stripe.Dispute;

function list(stripe: Stripe, kind: SyncKind, params: ReturnType<typeof paged>): Promise<Stripe.ApiList<Historic>> {
  switch (kind) {
    case 'charges':
      return stripe.charges.list(params);
    case 'refunds':
      return stripe.refunds.list(params);
    case 'customers':
      return stripe.customers.list(params);
    case 'disputes':
      return stripe.disputes.list(params);
  }
}

function pageOf<A extends { id: string }, T>(page: Stripe.ApiList<A>, read: (item: A) => T): ListPage<T> {
  // A page that says there is more and shows nothing has no cursor to go on from: it was cut off, and is no last one.
  if (page.has_more && page.data.length === 0) throw new SyntaxError('a page that is cut off');
  return { items: page.data.map(read), next: page.has_more ? (page.data.at(-1)?.id ?? null) : null };
}

function toReportRun({ id, status, result }: Stripe.Reporting.ReportRun): ReportRun {
  const known = status === 'succeeded' || status === 'failed' ? status : 'pending';
  return { id, status: known, file: result?.id ?? null, size: result?.size };
}

async function wholeText(stream: Readable, told: number | undefined): Promise<string | null> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of stream) {
    size += (chunk as Buffer).length;
    // Leaving the loop ends the stream.
    if (size > LARGEST_REPORT) return null;
    chunks.push(chunk as Buffer);
  }
  return told !== undefined && size !== told ? null : Buffer.concat(chunks).toString('utf8');
}
