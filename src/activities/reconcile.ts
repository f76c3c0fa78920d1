import type { IntentSnapshot } from '../domain/intent.js';
import { keptBy } from '../domain/ledger.js';
import type { Reply } from '../domain/outcome.js';
import {
  type Booked,
  bookedBy,
  compareMovement,
  compareUnseen,
  type Discrepancy,
  givenBackBy,
  isExpected,
  isWithin,
  type Money,
  type Movement,
  receivedBy,
  saysWhen,
} from '../domain/reconciling.js';
import type { Difference, LedgerEntry } from '../store/index.js';
import { NotSentError } from '../stripe/classify.js';
import type { StripeEvent } from '../stripe/events.js';
import type { StripeGateway } from '../stripe/gateway.js';
import type { StripeLists } from '../stripe/lists.js';
import { deliver, deliverToPayment } from '../webhooks/deliver.js';
import type { DeliverParts, Delivery } from '../webhooks/delivery.js';
import { route } from '../webhooks/route.js';
import type { ComparedPage, PageDone, PageInput, UnseenInput, UnseenPage } from './background-types.js';
import { type ExchangeParts, settledBy } from './exchange.js';
import { booksFor, jobOf, type KeptParts, keptPage } from './kept-page.js';
import { oneCall } from './one-call.js';
import { type OwnMovement, recordOf } from './own-record.js';

export interface ReconcileParts extends Pick<ExchangeParts, 'now' | 'random'>, KeptParts {
  readonly gateway: StripeGateway;
  readonly lists: StripeLists;
  readonly deliver: DeliverParts;
  /** For how long at least Temporal keeps what has closed, ms. */
  readonly keptForMs: number;
}

/** What is kept of a page: which entries it showed, beside its counts. */
interface SeenPage extends ComparedPage {
  readonly seen: readonly string[];
}

/** Holds one page of Stripe's movements against the ledger. Of a page that is done again everybody is told once only. */
export async function comparePage(parts: ReconcileParts, input: PageInput): Promise<ComparedPage> {
  const { account, fromMs, toMs, after } = input;
  const { seen: _, ...page } = await keptPage(
    parts,
    `movements/${after ?? ''}`,
    async () => {
      const call = await oneCall(parts, () => parts.lists.movements(account, { fromMs, toMs }, after));
      const found = await discrepanciesIn(parts, input, call.answer.items);
      const told = await tellAll(parts, account, found.discrepancies);
      return { ...call, ...found, told };
    },
    async (books, { answer, stripeCalls, discrepancies, moved, filled, told }): Promise<SeenPage> => {
      await books.ledger.happened(moved);
      await books.differences.record(
        jobOf(),
        discrepancies.map(([found]) => asDifference(found)),
      );
      const counts = { movements: answer.items.length, filled, ...told, ...countsOf(discrepancies.map(([d]) => d)) };
      const seen = answer.items.map(bookedBy).filter((id) => id !== null);
      return { next: answer.next, stripeCalls, counts, seen };
    },
  );
  return page;
}

/** As Stripe shows it, under an id by which it is told of once. */
type Shown = Pick<Movement, 'id' | 'createdMs' | 'shown' | 'refund' | 'dispute'>;

type Found = readonly [Discrepancy, Shown];

/**
 * What of a page does not agree; what the ledger has missed, or not as it is, and its workflow's record holds is booked meanwhile.
 * And what the ledger has in another period, where it would be on no page.
 */
async function discrepanciesIn(
  parts: ReconcileParts,
  { account, fromMs, toMs }: PageInput,
  movements: readonly Movement[],
) {
  const books = booksFor(parts);
  const ids = movements.map(bookedBy).filter((id) => id !== null);
  const entries = new Map((await books.ledger.find(account, ids)).map((entry) => [entry.id, entry]));
  const booked = new Map<string, Booked>(entries);
  // A dispute moves money twice, there and back, and is held against the ledger each time: what is wrong is found once.
  const known = new Set(await books.differences.known(jobOf(), ids));
  const discrepancies: (readonly [Discrepancy, Movement])[] = [];
  const elsewhere = new Map<string, LedgerEntry>();
  let filled = 0;
  for (const moved of movements) {
    const id = bookedBy(moved) ?? '';
    const entry = entries.get(id);
    if (entry !== undefined && saysWhen(moved) && !isWithin(entry, fromMs, toMs)) {
      elsewhere.set(id, { ...entry, occurredAtMs: moved.createdMs });
    }
    let found = compareMovement(moved, booked.get(id), parts.deployment);
    if (found === null || known.has(found.object)) continue;
    const own = await ownOf(parts, account, found, moved);
    const left = own === null ? found : compareMovement(moved, own, parts.deployment);
    // An entry that is there is replaced only by what Stripe bears out.
    if (own !== null && (found.difference === 'extra' || left === null)) {
      const occurredAtMs = saysWhen(moved) ? moved.createdMs : own.occurredAtMs;
      await books.ledger.record([{ ...own, occurredAtMs, recordedAtMs: parts.now() }]);
      filled += 1;
      booked.set(own.id, own);
      found = left;
    }
    if (found === null) continue;
    known.add(found.object);
    discrepancies.push([found, moved]);
  }
  return { discrepancies, filled, moved: [...elsewhere.values()] };
}

/** As its workflow has it: the ledger was away when it happened; Temporal was not. */
async function ownOf(
  parts: ReconcileParts,
  account: string,
  { payment, object }: Discrepancy,
  moved: Movement,
): Promise<OwnMovement | null> {
  const event = asEvent(moved);
  const to = event === null ? null : route(event, parts.deployment);
  const workflow = to !== null && 'workflowId' in to ? to.workflowId : payment;
  const record = workflow === null ? null : await recordOf(parts.deliver.client, workflow);
  return record?.moved.find((entry) => entry.account === account && entry.id === object) ?? null;
}

/** Tells each payment, refund and dispute what Stripe shows of it. Nothing is asked of Stripe, and nobody is charged. */
async function tellAll(parts: ReconcileParts, account: string, found: readonly Found[]) {
  const told = { told: 0, incidents: 0 };
  for (const [discrepancy, moved] of found) {
    const delivery = await tell(parts, account, discrepancy, moved);
    if (delivery === 'delivered') told.told += 1;
    if (delivery === 'incident') told.incidents += 1;
  }
  return told;
}

async function tell(
  parts: ReconcileParts,
  account: string,
  { payment }: Discrepancy,
  found: Shown,
): Promise<Delivery | null> {
  const { shown } = found;
  const event = asEvent(found);
  if (event !== null) return deliver(parts.deliver, account, event);
  if (shown === null || payment === null || shown.labels?.workflowId !== payment) return null;
  const told = { source: 'sweep' as const, intent: shown, key: null, event: null };
  const isLost = () => shouldBeKnown(parts, payment, found.createdMs, shown);
  return deliverToPayment(parts.deliver, account, { paymentId: payment, told }, requestIdOf(found), isLost);
}

/**
 * Whether Temporal should have the payment. A period may reach further back than Temporal does: what it has forgotten is no
 * incident, whose policy may be to give the money back, but a difference for a person to look at.
 */
async function shouldBeKnown(
  parts: ReconcileParts,
  payment: string,
  movedMs: number,
  shown: IntentSnapshot,
): Promise<boolean> {
  if (movedMs <= parts.now() - parts.keptForMs) return false;
  const tombstone = await booksFor(parts).tombstones.find(payment);
  const { intent = null, amountCaptured = 0 } = tombstone?.result ?? {};
  return intent !== shown.id || amountCaptured !== shown.amountReceived;
}

/** What Stripe shows of a refund or dispute, as if its event had come; null of anything else. */
function asEvent(found: Shown): StripeEvent | null {
  const { refund, dispute, shown, createdMs } = found;
  const common = { id: requestIdOf(found), createdMs, key: null };
  if (refund !== null) {
    const about = { kind: 'refund' as const, refund };
    return { ...common, type: 'refund.updated', livemode: shown?.livemode ?? false, about };
  }
  if (dispute !== null) {
    const about = { kind: 'dispute' as const, dispute };
    return { ...common, type: 'charge.dispute.updated', livemode: dispute.livemode, about };
  }
  return null;
}

/** Under which Temporal takes it once, however often the page is done. */
function requestIdOf({ id }: Shown): string {
  return `${jobOf()}/${id}`;
}

/** Entries of the ledger that are looked through at once, and of those how many may be left over to be read. */
const ENTRIES = 500;
const UNSEEN_AT_ONCE = 50;

/** Looks through the ledger of the period for what should have moved and was on no page. */
export async function listUnseen(parts: ReconcileParts, input: UnseenInput): Promise<UnseenPage> {
  const books = booksFor(parts);
  const pages = (await books.jobs.pages(jobOf())) as readonly { found: Partial<SeenPage> }[];
  const seen = new Set(pages.flatMap(({ found }) => found.seen ?? []));
  const { account, fromMs, toMs, after } = input;
  const entries = await books.ledger.list({ account, fromMs, toMs, after: after ?? undefined, limit: ENTRIES });
  const unseen: Booked[] = [];
  for (const entry of entries) {
    if (seen.has(entry.id) || !isExpected(entry)) continue;
    const { id, kind, payment, intent, amount, currency, status, occurredAtMs } = entry;
    unseen.push({ id, kind, payment, intent, amount, currency, status });
    if (unseen.length >= UNSEEN_AT_ONCE) return { unseen, next: { id, occurredAtMs } };
  }
  const last = entries.length < ENTRIES ? undefined : entries.at(-1);
  return { unseen, next: last === undefined ? null : { id: last.id, occurredAtMs: last.occurredAtMs } };
}

/** Reads what was on no page by itself, one call; where it is not as it is booked, whom it concerns is told what that shows. */
export async function readUnseen(
  parts: ReconcileParts,
  { account, booked }: { account: string; booked: Booked },
): Promise<PageDone> {
  return keptPage(
    parts,
    `unseen/${booked.id}`,
    async () => {
      const { answer, stripeCalls } = await oneCall(parts, () => readOne(parts, account, booked));
      const discrepancy = compareUnseen(booked, answer?.money ?? null);
      const found: Found[] = discrepancy === null || answer === null ? [] : [[discrepancy, answer.shown]];
      return { stripeCalls, discrepancy, told: await tellAll(parts, account, found) };
    },
    async (books, { stripeCalls, discrepancy, told }): Promise<PageDone> => {
      if (discrepancy === null) return { stripeCalls, counts: {} };
      await books.differences.record(jobOf(), [asDifference(discrepancy)]);
      return { stripeCalls, counts: { ...told, ...countsOf([discrepancy]) } };
    },
  );
}

/** Something that was read by itself, and the money in it. */
interface ReadOne {
  readonly money: Money;
  readonly shown: Shown;
}

/** As it is at Stripe now; null where Stripe knows no such thing. */
async function readOne(
  { gateway, ...parts }: ReconcileParts,
  account: string,
  { id, kind, intent }: Booked,
): Promise<ReadOne | null> {
  const nothing = { id, shown: null, refund: null, dispute: null };
  if (kind === 'refund') {
    const refund = ifThere(parts, await gateway.retrieveRefund(account, id));
    if (refund === null) return null;
    return { money: givenBackBy(refund), shown: { ...nothing, createdMs: refund.createdMs, refund } };
  }
  if (kind === 'dispute') {
    const dispute = ifThere(parts, await gateway.retrieveDispute(account, id));
    if (dispute === null) return null;
    return { money: keptBy(dispute), shown: { ...nothing, createdMs: dispute.createdMs, dispute } };
  }
  const shown = intent === null ? null : ifThere(parts, await gateway.retrieveIntent(account, intent));
  if (shown === null) return null;
  return { money: receivedBy(shown), shown: { ...nothing, createdMs: shown.createdMs, shown } };
}

function ifThere<T>(parts: Pick<ExchangeParts, 'now' | 'random'>, reply: Reply<T>): T | null {
  if (reply.kind === 'error' && reply.status === 404) return null;
  // As the lists do: what was not written counts as no call.
  if (reply.kind === 'not_sent') throw new NotSentError(reply.why, reply.againInMs);
  return settledBy(parts, reply);
}

/** As the store keeps it: what is missing, is missing at Stripe. */
function asDifference({ difference, object, ...what }: Discrepancy): Difference {
  return { difference, side: 'stripe', object, what };
}

function countsOf(found: readonly Discrepancy[]): Record<string, number> {
  const counts: Record<string, number> = { missing: 0, extra: 0, different: 0 };
  for (const { difference } of found) counts[difference] = (counts[difference] ?? 0) + 1;
  return counts;
}
