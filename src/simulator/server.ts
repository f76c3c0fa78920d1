import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { SIMULATOR_KEY, SIMULATOR_WEBHOOK_SECRET } from '../config/accounts.js';
import { type Config, loadConfig } from '../config/index.js';
import { failure, isMain, portTaken, type Running, runAsProcess, UsageError } from '../process.js';
import { addEndpoint } from './control-webhooks.js';
import { Simulator } from './simulator.js';

const HELP = `A Stripe to run Penstock against.

  npm run simulator -- [--memory] [--no-webhooks] [--webhook-url URL] [--first-retry-ms N] [--host H]

  --memory          keep nothing on disk (else under PENSTOCK_DATA_DIR/simulator)
  --no-webhooks     send no webhooks until an endpoint is registered
  --webhook-url     where the default account's events go (http://127.0.0.1:PORT/webhooks/stripe/default)
  --first-retry-ms  pause before a webhook's first retry (1000)
  --host            where to listen (127.0.0.1); 0.0.0.0 in a container of its own

Controls, under http://127.0.0.1:SIMULATOR_PORT/_simulator/:

  GET  /                      what there is: payments, refunds, disputes, what is scheduled, the clock
  GET  /clock                 {now_ms, offset_ms}
  POST /clock                 {advance_ms}: steps forward; whatever falls due on the way happens
  POST /authenticate          {intent, outcome: "succeed"|"fail"}: the customer's answer to 3D Secure
  GET  /authenticate/INTENT   the same, as a page for a person
  POST /dispute               {intent, reason?, inquiry?}: the customer disputes a payment
  GET  /faults                what goes wrong with requests, webhooks and money days later
  PUT  /faults                {seed?, requests?, latency?, webhooks?, sequels?}; DELETE for nothing
  GET  /limits                what accounts may do; ?key= for one
  PUT  /limits                {key?, preset?: "sandbox"|"live", requests_per_second?, …}; DELETE for no limits
  GET  /counts                requests by account, endpoint and second; DELETE starts afresh
  GET  /requests              the newest requests one by one
  GET  /deliveries            ?key=: what became of an account's webhooks
  POST /redeliver             ?key=: all of them again
  POST /release               lets held requests go
  PUT  /webhook_endpoints     {key, url, secret, enabled_events?}: where an account's events go
`;

/** Starts the simulator with the default account's webhooks pointed at this installation's API. */
export async function startSimulator(config: Config, argv: readonly string[] = []): Promise<Running> {
  const options = parse(argv);
  const { port } = config.simulator;
  const simulator = new Simulator({
    port,
    host: options.host,
    folder: options.memory ? undefined : join(config.dataDir, 'simulator'),
    firstRetryMs: options.firstRetryMs,
  });
  if (options.webhooks) {
    const url = options.webhookUrl ?? `http://127.0.0.1:${config.port}/webhooks/stripe/default`;
    addEndpoint(simulator, { key: SIMULATOR_KEY, url, secret: SIMULATOR_WEBHOOK_SECRET });
  }
  try {
    await simulator.start();
  } catch (error) {
    const taken = (error as NodeJS.ErrnoException).code === 'EADDRINUSE';
    throw taken ? portTaken(port, 'the simulator', 'SIMULATOR_PORT') : error;
  }
  return { failed: failure().failed, stop: () => simulator.stop() };
}

function parse(argv: readonly string[]) {
  try {
    const { values } = parseArgs({
      args: [...argv],
      options: {
        memory: { type: 'boolean', default: false },
        'no-webhooks': { type: 'boolean', default: false },
        'webhook-url': { type: 'string' },
        'first-retry-ms': { type: 'string', default: '1000' },
        host: { type: 'string' },
        help: { type: 'boolean', default: false },
      },
    });
    const firstRetryMs = Number(values['first-retry-ms']);
    if (!Number.isInteger(firstRetryMs) || firstRetryMs < 1) throw new Error('--first-retry-ms takes a whole number');
    return {
      memory: values.memory,
      webhooks: !values['no-webhooks'],
      webhookUrl: values['webhook-url'],
      firstRetryMs,
      host: values.host,
      help: values.help,
    };
  } catch (error) {
    throw new UsageError(`${(error as Error).message}\n\n${HELP}`);
  }
}

if (isMain(import.meta.url)) {
  if (process.argv.includes('--help')) {
    process.stdout.write(HELP);
  } else {
    await runAsProcess(async () => {
      const config = loadConfig();
      const running = await startSimulator(config, process.argv.slice(2));
      process.stdout.write(`simulator on http://127.0.0.1:${config.simulator.port} (controls under /_simulator/)\n`);
      return running;
    });
  }
}
