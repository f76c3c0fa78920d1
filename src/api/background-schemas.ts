import { z } from 'zod';
import { SYNC_KINDS } from '../domain/syncing.js';
import { createPaymentSchema, workflowSchema } from './schemas.js';

/** Payments in one batch: what fits into one workflow's argument with room to spare. */
export const MOST_IN_BATCH = 1_000;

const batchPriority = z.enum(['renewal', 'background']);

/** A payment in a batch is asked for like any other, but for its priority: nobody waits for it at a checkout. */
const batchPaymentSchema = createPaymentSchema.extend({
  priority: batchPriority.optional().describe("The batch's when left out."),
});

export const createBatchSchema = z
  .strictObject({
    payments: z.array(batchPaymentSchema).min(1).max(MOST_IN_BATCH),
    priority: batchPriority.default('renewal'),
  })
  .meta({ id: 'CreateBatch' });

export const batchSchema = z
  .object({
    object: z.literal('batch'),
    id: z.string(),
    status: z.enum(['running', 'paused', 'completed', 'canceled', 'failed']),
    total: z.int(),
    started: z.int(),
    existing: z.int().describe('Taken before with the same parameters: the same payment.'),
    conflicted: z.array(z.string()).describe("Payments whose reference is another payment's; nothing was changed."),
    remaining: z.int(),
    created_at: z.iso.datetime(),
    workflow: workflowSchema,
    stale: z.boolean().optional().describe('No worker answered: it may have come further than this. Ask again.'),
  })
  .meta({ id: 'Batch' });

export type BatchView = z.infer<typeof batchSchema>;

/** A time as Stripe spells it, or as everybody does; in Unix ms from here on. */
const time = z
  .union([z.int().min(0).max(9_999_999_999), z.iso.datetime({ offset: true })], {
    error: 'Unix seconds, or ISO 8601 with a time zone',
  })
  .describe('Unix seconds, or ISO 8601 with a time zone.');

export const JOB_TYPES = ['reconciliation', 'sync', 'webhook_recovery'] as const;

export type JobType = (typeof JOB_TYPES)[number];

export const createJobSchema = z
  .strictObject({
    type: z.enum(JOB_TYPES),
    account: z.string().min(1).max(64),
    from: time.optional(),
    to: time.optional().describe('Up to and without this; required but for webhook_recovery.'),
    objects: z
      .array(z.enum(SYNC_KINDS))
      .min(1)
      .max(SYNC_KINDS.length)
      .optional()
      .describe('Of a sync; all by default.'),
  })
  .meta({ id: 'CreateJob' });

export const jobSchema = z
  .object({
    object: z.literal('job'),
    id: z.string(),
    type: z.enum(JOB_TYPES),
    account: z.string(),
    from: z.iso.datetime(),
    to: z.iso.datetime(),
    objects: z.array(z.enum(SYNC_KINDS)).optional(),
    status: z
      .enum(['running', 'paused', 'completed', 'incomplete', 'canceled', 'failed'])
      .describe('`incomplete`: it has ended, and could not read all of what was asked for.'),
    complete: z.boolean().describe('Whether everything that was asked for was read to its end.'),
    pages: z.int(),
    stripe_calls: z.int().describe('HTTP requests to Stripe, those that failed among them.'),
    counts: z.record(z.string(), z.int()),
    failure: z.string().nullable(),
    created_at: z.iso.datetime(),
    workflow: workflowSchema,
    stale: z.boolean().optional().describe('No worker answered: it may have come further than this. Ask again.'),
  })
  .meta({ id: 'Job' });

export type JobView = z.infer<typeof jobSchema>;
