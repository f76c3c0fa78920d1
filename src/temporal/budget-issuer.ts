import {
  type Client,
  WithStartWorkflowOperation,
  WorkflowNotFoundError,
  WorkflowUpdateFailedError,
} from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import { decodeFromPayloadsAtIndex } from '@temporalio/common/lib/internal-non-workflow/index.js';
import type { BudgetAnswer, BudgetAsk } from '../control/issuer.js';
import { budgetId } from '../domain/ids.js';
import { budget } from '../workflows/index.js';
import { askBudget, leaveBudget, ON_MAIN_QUEUE, TOO_LATE } from '../workflows/messages.js';
import { EventType } from './proto.js';

/** Its tasks go before all others: payments wait for what it grants. */
const FIRST = { priorityKey: 1 };

/** So many of a history's newest events surely hold its newest answer, if it has any: each takes five. */
const NEWEST = 20;

/** The issuer took an ask for one that nobody waits for any more. */
export class LateAskError extends Error {
  override readonly name = 'LateAskError';
}

/** What was answered last, to whomever. */
export interface Mark {
  /** Another one after each answer. */
  readonly id: string;
  /** Not there where the newest events show none. */
  readonly answer?: BudgetAnswer;
}

/** The issuer of one account's budget, as a worker speaks to it. */
export class BudgetIssuer {
  constructor(
    private readonly client: Client,
    private readonly account: string,
  ) {}

  /**
   * Asks for a share; starts the issuer where none runs.
   *
   * @throws LateAskError where it came too late by the issuer's clock; whatever kept it from answering in time.
   */
  async ask(ask: BudgetAsk, withinMs: number): Promise<BudgetAnswer> {
    try {
      return await this.update(ask, withinMs);
    } catch (error) {
      if (isLate(error)) throw new LateAskError('too late by the clock of the issuer', { cause: error });
      throw error;
    }
  }

  private update(ask: BudgetAsk, withinMs: number): Promise<BudgetAnswer> {
    return this.client.connection.withDeadline(Date.now() + withinMs, async () => {
      try {
        const handle = this.client.workflow.getHandle(budgetId(this.account));
        return await handle.executeUpdate(askBudget, { args: [ask] });
      } catch (error) {
        if (!(error instanceof WorkflowNotFoundError)) throw error;
      }
      const startWorkflowOperation = new WithStartWorkflowOperation(budget, {
        workflowId: budgetId(this.account),
        ...ON_MAIN_QUEUE,
        workflowIdConflictPolicy: 'USE_EXISTING',
        priority: FIRST,
        staticSummary: `the Stripe budget of ${this.account}, shared out among the workers`,
        args: [{ version: 1, account: this.account, issuer: null, isFirst: await this.wasNever() }],
      });
      return this.client.workflow.executeUpdateWithStart(askBudget, { args: [ask], startWorkflowOperation });
    });
  }

  /** Whether Temporal knows of no issuer of this budget, open or closed. One that was ended by hand may have left leases. */
  private async wasNever(): Promise<boolean> {
    try {
      await this.client.workflow.getHandle(budgetId(this.account)).describe();
      return false;
    } catch (error) {
      if (error instanceof WorkflowNotFoundError) return true;
      throw error;
    }
  }

  /**
   * Tells the issuer that a worker stops.
   *
   * @param reads that it has made and not told with an ask.
   * @throws whatever kept Temporal from taking it.
   */
  async leave(worker: string, reads: number, withinMs: number): Promise<void> {
    await this.client.connection.withDeadline(Date.now() + withinMs, () =>
      this.client.workflow.getHandle(budgetId(this.account)).signal(leaveBudget, worker, reads),
    );
  }

  /**
   * The answer that the issuer gave last, to anybody, read from its history: that takes no worker, so it tells an issuer that is
   * away from one that is merely slow to answer here.
   *
   * @throws whatever kept Temporal from showing it.
   */
  async mark(withinMs: number): Promise<Mark> {
    return this.client.connection.withDeadline(Date.now() + withinMs, async () => {
      const { namespace, loadedDataConverter } = this.client.options;
      const execution = { workflowId: budgetId(this.account) };
      const [{ workflowExecutionInfo }, { history }] = await Promise.all([
        this.client.workflowService.describeWorkflowExecution({ namespace, execution }),
        this.client.workflowService.getWorkflowExecutionHistoryReverse({
          namespace,
          execution,
          maximumPageSize: NEWEST,
        }),
      ]);
      const answered = history?.events?.find(
        ({ eventType }) => eventType === EventType.EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_COMPLETED,
      );
      const id = `${workflowExecutionInfo?.execution?.runId}/${answered?.eventId ?? 'none'}`;
      const told = answered?.workflowExecutionUpdateCompletedEventAttributes?.outcome?.success?.payloads;
      if (!told) return { id };
      return { id, answer: await decodeFromPayloadsAtIndex<BudgetAnswer>(loadedDataConverter, 0, told) };
    });
  }
}

function isLate(error: unknown): boolean {
  if (!(error instanceof WorkflowUpdateFailedError)) return false;
  return error.cause instanceof ApplicationFailure && error.cause.type === TOO_LATE;
}
