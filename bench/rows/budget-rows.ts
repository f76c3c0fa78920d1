import {
  CHECKOUT_TARGET,
  checkBeside,
  checkHidden,
  checkJobCalls,
  checkLeftOver,
  checkUse,
  checkWorst,
  FAIRNESS_TARGET,
  reportBeside,
  reportJobCalls,
  reportLeftOver,
  reportUse,
  reportWorst,
} from '../figures/budget-checks.js';
import { PER_SECOND } from '../stage/budget-stage.js';
import { type BesideSizes, CHECKOUT_BESIDE_BACKGROUND, measureBeside, SMALL_BESIDE_LARGE } from './beside.js';
import { measureUse, measureWorst, steady, stepping, type WorstSizes } from './budget-use.js';
import type { Row } from './index.js';
import { type JobSizes, measureJobs } from './job-calls.js';
import { type LeftOverSizes, measureLeftOver } from './left-over.js';

/** How much the rows of the budget do. */
export interface BudgetSizes {
  readonly budgetUse: { readonly seconds: number };
  readonly worstSecond: WorstSizes;
  /** Of each of five steps. */
  readonly hiddenLimit: { readonly seconds: number };
  readonly besideBackground: BesideSizes;
  readonly fairness: BesideSizes;
  readonly leftOver: LeftOverSizes;
  readonly jobs: JobSizes;
}

/** The rows of the account's budget and of background work. Those that take minutes each are not in the default set. */
export const BUDGET_ROWS: Readonly<Record<string, Row>> = {
  'budget-use': {
    title: 'Use of the budget: 100 requests/s, two callers with a backlog',
    measure: async ({ budgetUse }, _seed, say) => {
      const use = await measureUse(steady(budgetUse.seconds), say);
      return { lines: reportUse(use), checks: checkUse(use), data: use };
    },
  },
  'budget-worst-second': {
    title: 'The worst second of a budget of 100 requests/s',
    apart: true,
    measure: async ({ worstSecond }, _seed, say) => {
      const stages = await measureWorst(worstSecond, say);
      return { lines: reportWorst(stages), checks: checkWorst(stages, PER_SECOND), data: stages };
    },
  },
  'hidden-limit': {
    title: 'A limit that steps unseen while 100 requests/s are configured',
    apart: true,
    measure: async ({ hiddenLimit }, _seed, say) => {
      const use = await measureUse(stepping(hiddenLimit.seconds), say);
      return { lines: reportUse(use), checks: checkHidden(use), data: use };
    },
  },
  'checkout-beside-background': {
    title: 'Checkout while background work waits',
    apart: true,
    measure: async ({ besideBackground }, seed, say) => {
      const figures = await measureBeside(CHECKOUT_BESIDE_BACKGROUND, besideBackground, seed, say);
      const what = 'checkout while background waits';
      return { lines: reportBeside(figures), checks: checkBeside(figures, what, CHECKOUT_TARGET), data: figures };
    },
  },
  'merchant-fairness': {
    title: "A small merchant's payments while a large one's wait",
    apart: true,
    measure: async ({ fairness }, seed, say) => {
      const figures = await measureBeside(SMALL_BESIDE_LARGE, fairness, seed, say);
      const what = 'a small merchant while a large one waits';
      return { lines: reportBeside(figures), checks: checkBeside(figures, what, FAIRNESS_TARGET), data: figures };
    },
  },
  'background-left-over': {
    title: 'Background under a checkout load of 80% of the budget',
    apart: true,
    measure: async ({ leftOver }, seed) => {
      const figures = await measureLeftOver(leftOver, seed);
      return { lines: reportLeftOver(figures), checks: checkLeftOver(figures), data: figures };
    },
  },
  'calls-of-jobs': {
    title: 'Calls to Stripe that jobs take',
    measure: async ({ jobs }, seed, say) => {
      const calls = await measureJobs(jobs, seed, say);
      return { lines: reportJobCalls(calls), checks: checkJobCalls(calls), data: calls };
    },
  },
};
