import { Context } from '@temporalio/activity';
import Stripe from 'stripe';
import type { SyncKind } from '../../src/domain/syncing.js';
import type { ListPage, Period, StripeLists } from '../../src/stripe/lists.js';
import { Held } from './held.js';

/** Objects on a page: few, so that many pages are soon read. */
export const ON_A_PAGE = 2;

/** Lists of Stripe's that are so many pages long that a job has more steps than one run of its workflow does. */
export class LongLists {
  /** What was asked for, `customers/7` the eighth page of the customers, and by which run of its workflow. */
  asked: { readonly page: string; readonly run: string }[] = [];
  private pages: Readonly<Record<string, number>> = {};
  private readonly failing = new Set<string>();
  private heldPage: string | null = null;
  private readonly held = new Held();

  /** As the activities have them. */
  get lists(): StripeLists {
    const lists: Pick<StripeLists, 'objects' | 'movements' | 'undeliveredEvents'> = {
      objects: (_, kind, period, after) => this.page(kind, after, objectsOf(kind, period, after)),
      movements: (_, __, after) => this.page('movements', after, []),
      undeliveredEvents: async (_, __, ___, after) => ({ ...(await this.page('events', after, [])), unreadable: [] }),
    };
    return lists as StripeLists;
  }

  /** From now on they are so many pages long, and nothing was asked for. */
  begin(pages: Readonly<Record<string, number>>): void {
    this.pages = pages;
    this.asked = [];
  }

  /** Of these pages the first answer does not come. */
  failOnce(...pages: readonly string[]): void {
    for (const page of pages) this.failing.add(page);
  }

  /** The next answer of this page is held back. */
  hold(page: string): void {
    this.heldPage = page;
    this.held.hold();
  }

  untilHeld(): Promise<void> {
    return this.held.untilHeld();
  }

  release(): void {
    this.held.release();
  }

  /** How many pages each run has asked for, in the order of the runs. */
  byRun(): number[] {
    const counts = new Map<string, number>();
    for (const { run } of this.asked) counts.set(run, (counts.get(run) ?? 0) + 1);
    return [...counts.values()];
  }

  private async page<T>(list: string, after: string | null, items: readonly T[]): Promise<ListPage<T>> {
    const at = Number(after ?? 0);
    const page = `${list}/${at}`;
    this.asked.push({ page, run: Context.current().info.workflowExecution?.runId ?? '' });
    if (this.failing.delete(page)) throw new Stripe.errors.StripeConnectionError({ message: 'cut off' } as never);
    if (this.heldPage === page) await this.held.pass();
    return { items, next: at + 1 < (this.pages[list] ?? 0) ? String(at + 1) : null };
  }
}

function objectsOf(kind: SyncKind, { fromMs }: Period, after: string | null) {
  return Array.from({ length: ON_A_PAGE }, (_, nth) => {
    return { kind, id: `${kind}_${after ?? 0}_${nth}`, createdMs: fromMs, body: {} };
  });
}
