import { Client, Connection, WorkflowExecutionAlreadyStartedError, WorkflowNotFoundError } from '@temporalio/client';
import express from 'express';
import type Stripe from 'stripe';
import { type Order, TASK_QUEUE, WORKFLOW_ID, workflowIdOf } from './order.js';
import { connectStripe } from './stripe.js';
import { paymentTold } from './workflows.js';

const { env } = process;
const stripe = connectStripe(env);
const client = new Client({ connection: await Connection.connect({ address: env['TEMPORAL_ADDRESS'] ?? '' }) });
/** One of ./workflows.ts; the measured rows use `payment`. */
const workflow = env['PLAIN_WORKFLOW'] ?? '';
const app = express();

/** The signature needs the body as it came, so this route comes before the JSON of the others. */
app.post('/webhooks/stripe', express.raw({ type: 'application/json' }), async (req, res) => {
  let event: Stripe.Event;
  try {
    const signature = req.header('stripe-signature') ?? '';
    event = stripe.webhooks.constructEvent(req.body, signature, env['STRIPE_WEBHOOK_SECRET'] ?? '');
  } catch {
    res.status(400).send('bad signature');
    return;
  }
  // The two events that such an endpoint asks for; the others are answered and left.
  if (event.type === 'payment_intent.succeeded') await tell(event.data.object, 'succeeded');
  else if (event.type === 'payment_intent.payment_failed') await tell(event.data.object, 'failed');
  res.json({ received: true });
});

async function tell(intent: Stripe.PaymentIntent, status: 'succeeded' | 'failed'): Promise<void> {
  const workflowId = intent.metadata[WORKFLOW_ID];
  if (workflowId === undefined) return;
  try {
    await client.workflow.getHandle(workflowId).signal(paymentTold, status);
  } catch (error) {
    // It has closed: nobody is left to be told. Anything else is a 500, and Stripe sends it again.
    if (!(error instanceof WorkflowNotFoundError)) throw error;
  }
}

app.post('/payments', express.json(), async (req, res) => {
  const order = req.body as Order;
  const workflowId = workflowIdOf(order.reference);
  try {
    // The id keeps two from running at once. The default reuse policy stands: one that has closed may start again.
    await client.workflow.start(workflow, { workflowId, taskQueue: TASK_QUEUE, args: [order] });
    res.status(202).json({ id: workflowId });
  } catch (error) {
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
    res.status(200).json({ id: workflowId });
  }
});

app.listen(Number(env['PORT']), '127.0.0.1', () => process.stdout.write('plain server ready\n'));
