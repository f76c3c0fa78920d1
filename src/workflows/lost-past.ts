import { patched, workflowInfo } from '@temporalio/workflow';

/**
 * A reset runs the same workflow again from an earlier point, with what it did after that point forgotten. It may have
 * written to Stripe: from that point on the run reads before its first write, and takes every reply as a repeat's.
 *
 * What was copied is replayed as it was; the first thing learned after it comes with the doubt. A patch marker, numbered
 * so that a reset of a reset has its own, records where that was, and every later replay doubts in the same place. A run
 * that was reset and has since been evicted from its worker doubts once more: a read too many, and never one too few.
 */
export class LostPast {
  private doubts = 0;
  private doubtedLive = false;

  /** @param tell tells the state function. */
  constructor(private readonly tell: () => void) {}

  /** Whether this run is not its chain's first execution. */
  readonly isLost = workflowInfo().runId !== workflowInfo().firstExecutionRunId;

  doubt(): void {
    const { unsafe } = workflowInfo();
    if (!this.isLost || this.doubtedLive) return;
    if (!patched(`past-lost-${this.doubts + 1}`)) return;
    this.doubts += 1;
    this.doubtedLive = !unsafe.isReplaying;
    this.tell();
  }
}
