import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { SIMULATOR_KEY, SIMULATOR_WEBHOOK_SECRET } from '../../src/config/accounts.js';
import { paymentId } from '../../src/domain/ids.js';
import { STATE_CHANGING } from '../../src/webhooks/route.js';
import { compiled } from '../../test/support/code.js';
import { ROOT } from '../../test/support/process.js';
import { WORKFLOW_ID, workflowIdOf } from '../plain/order.js';
import type { Order } from './orders.js';

/** The shapes of the plain sample, and the workflow of each. */
const PLAIN = {
  plain: 'payment',
  'plain, one call': 'paymentInOneCall',
  'plain, webhook wins': 'paymentWebhookWins',
  'plain, own keys': 'paymentWithOwnKeys',
} as const;

export type SystemName = keyof typeof PLAIN | 'penstock';

/** Where the parts of a stage are. */
export interface Places {
  readonly folder: string;
  readonly port: number;
  readonly simulatorPort: number;
  readonly temporalAddress: string;
}

export interface Program {
  readonly command: readonly string[];
  readonly ready: RegExp;
}

/** What is measured, behind the one face that all measuring is done through. */
export interface System {
  readonly name: SystemName;
  readonly api: Program;
  readonly worker: Program;
  readonly webhookPath: string;
  /** The types of events that its endpoint at Stripe asks for. */
  readonly webhookEvents: readonly string[];
  /** The metadata key by which its charges name their workflow. */
  readonly label: string;
  /** Where payments are asked for. */
  readonly path: string;
  environment(places: Places): Record<string, string>;
  body(order: Order): unknown;
  workflowId(order: Order): string;
  /** What the closed workflow says became of the payment. */
  statusOf(result: unknown): string;
}

const plainProgram = (name: string) => [process.execPath, join(ROOT, 'bench/plain/dist', `${name}.js`)];
const code = compiled();

function plain(name: keyof typeof PLAIN): System {
  return {
    name,
    api: { command: plainProgram('server'), ready: /plain server ready/ },
    worker: { command: plainProgram('worker'), ready: /plain worker ready/ },
    webhookPath: '/webhooks/stripe',
    webhookEvents: ['payment_intent.succeeded', 'payment_intent.payment_failed'],
    label: WORKFLOW_ID,
    path: '/payments',
    environment: ({ folder, port, simulatorPort, temporalAddress }) => ({
      PORT: String(port),
      // Its ledger is kept there, and stripe-node's own telemetry id.
      HOME: folder,
      TEMPORAL_ADDRESS: temporalAddress,
      STRIPE_SECRET_KEY: SIMULATOR_KEY,
      STRIPE_WEBHOOK_SECRET: SIMULATOR_WEBHOOK_SECRET,
      STRIPE_PORT: String(simulatorPort),
      PLAIN_WORKFLOW: PLAIN[name],
    }),
    body: ({ ends: _, ...order }) => order,
    workflowId: ({ reference }) => workflowIdOf(reference),
    statusOf: (result) => (result as { status: string }).status,
  };
}

const MERCHANT = 'bench';

/** So large that no lane's rate is what a row measures: the plain sample has no limit either. */
const UNLIMITED = 10_000;

const NO_LIMIT = { requests_per_second: UNLIMITED, requests_per_second_per_endpoint: UNLIMITED };

/** A second account at Stripe, with a budget and lanes of its own. */
export const OTHER_ACCOUNT = { name: 'other', key: 'sk_test_theotheraccount' } as const;

function penstock(
  policy: Readonly<Record<string, number>>,
  budget: Readonly<Record<string, number>>,
  twoAccounts: boolean,
): System {
  return {
    name: 'penstock',
    api: { command: code.command('api-server'), ready: /"api ready"/ },
    worker: { command: code.command('worker'), ready: /"worker ready"/ },
    webhookPath: '/webhooks/stripe/default',
    webhookEvents: [...STATE_CHANGING],
    label: 'penstock_workflow',
    path: '/v1/payments',
    environment: ({ folder, port, simulatorPort, temporalAddress }) => {
      const file = join(folder, 'penstock.json');
      const account = {
        secret_key: SIMULATOR_KEY,
        webhook_secrets: [SIMULATOR_WEBHOOK_SECRET],
        api_base: `http://127.0.0.1:${simulatorPort}`,
        budget,
      };
      const other = twoAccounts ? { [OTHER_ACCOUNT.name]: { ...account, secret_key: OTHER_ACCOUNT.key } } : {};
      writeFileSync(file, JSON.stringify({ accounts: { default: account, ...other }, policy: { payments: policy } }));
      return {
        PORT: String(port),
        TEMPORAL_ADDRESS: temporalAddress,
        PENSTOCK_DATA_DIR: folder,
        PENSTOCK_CONFIG: file,
        LOG_LEVEL: 'info',
      };
    },
    body: ({ paymentMethod, ends, ...order }) => ({
      merchant: MERCHANT,
      payment_method: paymentMethod,
      // With somebody there, a decline would wait for another card; the plain sample knows no such thing.
      ...(ends === 'failed' ? { off_session: true } : {}),
      ...order,
    }),
    workflowId: ({ merchant = MERCHANT, reference }) => paymentId(merchant, reference),
    statusOf: (result) => (result as { standing: { status: string } }).standing.status,
  };
}

/**
 * @param policy overrides of Penstock's payment policy; its defaults where nothing is said.
 * @param budget of each of its accounts, as in its configuration; none that limits anything where nothing is said.
 * @param twoAccounts whether it has {@link OTHER_ACCOUNT} beside the one that payments go to.
 */
export function systemOf(
  name: SystemName,
  policy: Readonly<Record<string, number>> = {},
  budget: Readonly<Record<string, number>> = NO_LIMIT,
  twoAccounts = false,
): System {
  return name === 'penstock' ? penstock(policy, budget, twoAccounts) : plain(name);
}
