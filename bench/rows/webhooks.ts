import Stripe from 'stripe';
import { SIMULATOR_WEBHOOK_SECRET } from '../../src/config/accounts.js';
import { paymentId } from '../../src/domain/ids.js';
import { type Band, banded, median } from '../figures/stats.js';
import { postOf, Senders } from '../measure/senders.js';
import { Stage } from '../stage/stage.js';

export interface WebhookSizes {
  readonly rounds: number;
  /** Events, and signals, of each stream in one round. */
  readonly events: number;
}

export interface WebhookFigures {
  /** Events per second that were answered 200, Temporal holding each; signals per second that it took. Medians. */
  readonly ingest: number;
  readonly bare: number;
  readonly ratio: Band;
  /** Events that were answered otherwise, and signals that were refused. */
  readonly refused: number;
  /** Events that were answered 200 and are in no history. */
  readonly lost: number;
}

/** As many at once from either side. */
const AT_ONCE = 50;

/** Events spread over so many workflows: signals of one are taken one after the other. */
const WORKFLOWS = 50;

/** Nobody works on them, so that nothing but signals is under way. */
const NOBODYS_QUEUE = 'bench-nobody';

const STREAMS = ['bare', 'ingest', 'bareAgain'] as const;
type Stream = (typeof STREAMS)[number];

/**
 * What the ingest makes of Temporal's own speed: events over HTTP, signed, each answered when Temporal has it, beside
 * signals by the same client library at the same concurrency, of the same size, to workflows of the same kind. The streams
 * take turns, each in another order than the round before; bare signals have two, so that a machine that grows faster or
 * slower within a round does so for both.
 */
export async function measureWebhooks(sizes: WebhookSizes, say: (line: string) => void): Promise<WebhookFigures> {
  const stage = await Stage.start({ system: 'penstock', flags: 'penstock', simulatorKeepsData: false });
  const senders = new Senders(Number(new URL(stage.penstock.base).port));
  try {
    await stage.kill9('worker', 'simulator');
    const { namespaceInfo } = await stage.temporal.workflowService.describeNamespace({ namespace: 'default' });
    const deployment = namespaceInfo?.id ?? '';
    const perSecond: Record<Stream, number[]> = { bare: [], ingest: [], bareAgain: [] };
    let [refused, lost] = [0, 0];
    // The first is not counted: everything warms up.
    for (let round = 0; round <= sizes.rounds; round += 1) {
      for (const stream of rotated(round)) {
        const ids = await openWorkflows(stage, `${stream}-${round}`);
        const call = stream === 'ingest' ? ingest(stage, senders, ids, deployment, round) : bare(stage, ids);
        const ran = await run(call, sizes.events);
        refused += ran.failures;
        if (stream === 'ingest') lost += sizes.events - ran.failures - (await signalsIn(stage, ids));
        if (round > 0) perSecond[stream].push(sizes.events / ran.seconds);
      }
      const last = STREAMS.map((stream) => `${stream} ${perSecond[stream].at(-1)?.toFixed(0)}/s`);
      if (round > 0) say(`round ${round}: ${last.join(', ')}`);
    }
    return {
      ingest: median(perSecond.ingest),
      bare: median(perSecond.bare),
      ratio: banded(perSecond.ingest, perSecond.bare, perSecond.bareAgain),
      refused,
      lost,
    };
  } finally {
    senders.close();
    await stage.stop();
  }
}

function rotated(round: number): readonly Stream[] {
  return [...STREAMS.slice(round % STREAMS.length), ...STREAMS.slice(0, round % STREAMS.length)];
}

/** Workflows that go by the ids of payments, which is all that an event knows of one. */
async function openWorkflows(stage: Stage, name: string): Promise<string[]> {
  const ids = Array.from({ length: WORKFLOWS }, (_, nth) => paymentId('bench', `${name}-${nth}`));
  await Promise.all(
    ids.map((workflowId) =>
      stage.temporal.workflow.start('nobodys', { workflowId, taskQueue: NOBODYS_QUEUE, args: [] }),
    ),
  );
  return ids;
}

type Call = (nth: number) => () => Promise<boolean>;

/** @param call makes ready what is sent for the n-th event; only the sending is timed. */
async function run(call: Call, events: number): Promise<{ seconds: number; failures: number }> {
  const ready = Array.from({ length: events }, (_, nth) => call(nth));
  let failures = 0;
  const one = async () => {
    for (let send = ready.pop(); send !== undefined; send = ready.pop()) {
      if (!(await send().catch(() => false))) failures += 1;
    }
  };
  const startedAt = performance.now();
  await Promise.all(Array.from({ length: AT_ONCE }, one));
  return { seconds: (performance.now() - startedAt) / 1000, failures };
}

function bare(stage: Stage, ids: readonly string[]): Call {
  return (nth) => {
    const id = ids[nth % ids.length] ?? '';
    const told = { source: 'webhook', intent: intentOf(id, ''), key: null, event: `evt_${nth}` };
    return async () => {
      await stage.temporal.workflow.getHandle(id).signal('intentTold', told);
      return true;
    };
  };
}

function ingest(stage: Stage, senders: Senders, ids: readonly string[], deployment: string, round: number): Call {
  return (nth) => {
    const payload = JSON.stringify({
      id: `evt_${round}_${nth}`,
      object: 'event',
      type: 'payment_intent.processing',
      created: Math.floor(Date.now() / 1000),
      livemode: false,
      request: { id: null, idempotency_key: null },
      data: { object: intentOf(ids[nth % ids.length] ?? '', deployment) },
    });
    const signature = Stripe.webhooks.generateTestHeaderString({ payload, secret: SIMULATOR_WEBHOOK_SECRET });
    const request = postOf(stage.system.webhookPath, payload, { 'stripe-signature': signature });
    return async () => {
      const { status, body } = await senders.send(request);
      return status === 200 && /"outcome":"delivered"/.test(body);
    };
  };
}

/** An intent as Stripe sends one, with what most of them carry. */
function intentOf(workflowId: string, deployment: string) {
  return {
    id: `pi_${workflowId}`,
    object: 'payment_intent',
    amount: 1999,
    amount_capturable: 0,
    amount_received: 0,
    capture_method: 'automatic',
    confirmation_method: 'automatic',
    created: 1_763_800_000,
    currency: 'eur',
    livemode: false,
    payment_method: 'pm_1bench',
    payment_method_types: ['card'],
    status: 'processing',
    metadata: { penstock_deployment: deployment, penstock_workflow: workflowId, penstock_attempt: '1' },
  };
}

/** Nobody works on these runs, so that every signal they were sent is in their history as soon as it was taken. */
async function signalsIn(stage: Stage, ids: readonly string[]): Promise<number> {
  const counts = await Promise.all(
    ids.map(async (id) => {
      const { events } = await stage.temporal.workflow.getHandle(id).fetchHistory();
      return (events ?? []).filter((event) => event.workflowExecutionSignaledEventAttributes != null).length;
    }),
  );
  return counts.reduce((sum, count) => sum + count, 0);
}
