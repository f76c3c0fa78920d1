import {
  ApplicationFailure,
  allHandlersFinished,
  condition,
  continueAsNew,
  patched,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';
import { answer, type BudgetAsk, firstIssuer, type Issuer, isTooLate, left, NEW_ISSUER } from '../control/issuer.js';
import { askBudget, leaveBudget, TOO_LATE } from './messages.js';

/** What the issuer of an account's budget is started with. */
export interface BudgetInput {
  readonly version: 1;
  readonly account: string;
  /** What the run before it remembered; null for the first of a chain. */
  readonly issuer: Issuer | null;
  /** There was never another of this id: nobody can be holding anything. */
  readonly isFirst: boolean;
}

/**
 * A run answers a worker with five events, and is done after so many events: a history that is read in no time, when a
 * worker takes the issuer over.
 */
const EVENTS = 2_000;

/**
 * Issues an account's budget to the workers that share it: the only one that does, for as long as there is anybody to ask. Its
 * time is the server's, the same whichever worker runs it. It does nothing but answer; if no worker runs workflows, nobody
 * is answered, and every worker falls back to its floor.
 */
export async function budget(input: BudgetInput): Promise<void> {
  let issuer = input.issuer ?? (input.isFirst ? firstIssuer(Date.now()) : NEW_ISSUER);
  const grant = (ask: BudgetAsk) => {
    // Worked out otherwise than they were granted, leases would be reckoned with as smaller than they are.
    const answered = answer(issuer, ask, Date.now(), patched('heard-leases'));
    issuer = answered.issuer;
    return answered.answer;
  };
  // What is refused here leaves nothing in the history.
  const validator = (ask: BudgetAsk) => {
    if (isTooLate(ask, Date.now()))
      throw ApplicationFailure.nonRetryable('nobody waits for this answer any more', TOO_LATE);
  };
  setHandler(askBudget, grant, { validator });
  setHandler(leaveBudget, (worker, reads) => {
    issuer = left(issuer, worker, reads ?? 0, Date.now());
  });
  await condition(() => workflowInfo().historyLength >= EVENTS || workflowInfo().continueAsNewSuggested);
  await condition(allHandlersFinished);
  await continueAsNew<typeof budget>({ ...input, issuer });
}
