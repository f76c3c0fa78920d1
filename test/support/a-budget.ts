import { budgetSchema, toBudget } from '../../src/config/budgets.js';
import type { Budget } from '../../src/control/budget.js';

/** A live account's budget, with `changes`. */
export function aBudget(changes: Partial<Budget> = {}): Budget {
  return { ...toBudget(budgetSchema.parse({}), true), ...changes };
}
