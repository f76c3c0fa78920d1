import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { parseArgs } from 'node:util';
import { SIMULATOR_KEY, SIMULATOR_WEBHOOK_SECRET } from '../config/accounts.js';
import { type Config, loadConfig } from '../config/index.js';
import { FolderInUseError, FolderUnavailableError } from '../folder-lock.js';
import { failure, isMain, portTaken, type Running, runAsProcess, runOnce, UsageError } from '../process.js';
import { COMMANDS, isCommand, runCommand } from './cli/index.js';
import { addEndpoint } from './control/webhooks.js';
import { isHttpUrl } from './http-url.js';
import { Simulator } from './simulator.js';

const RUN_HELP = `  --memory          keep nothing on disk (else under PENSTOCK_DATA_DIR/simulator)
  --history N       payments remembered for each account, with all that belongs to them (20000)
  --seed WORD       what ids are made from, where nothing is kept yet: the same requests have the same answers
  --no-webhooks     send no webhooks until an endpoint is registered
  --webhook-url     where the default account's events go (http://127.0.0.1:PORT/webhooks/stripe/default)
  --first-retry-ms  pause before a webhook's first retry (1000)
  --host            where to listen (127.0.0.1); 0.0.0.0 in a container of its own
  --hosts A,B       by which names its page and controls may be reached, besides loopback's and addresses; whoever reaches
                    them may change everything, and Stripe's API answers under any name to any key`;

const CONTROL_HELP = `  GET  /                      what there is: objects, what is scheduled, the clock
  GET  /audit                 what does not add up: books, captures, refunds, disputes, payouts, keys
  GET  /clock                 {now_ms, offset_ms, frozen}
  POST /clock                 {advance_ms | to_ms, frozen?}: steps forward, with all that falls due on the way; stops, runs
  POST /authenticate          {intent, outcome: "succeed"|"fail"}: the customer's answer to 3D Secure
  GET  /authenticate/INTENT   the same, as a page for a person
  POST /dispute               {intent, reason?, inquiry?}: the customer disputes a payment
  POST /debit                 {intent, outcome: "succeed"|"fail"}: the bank's answer to a debit, now
  POST /refund                {refund, outcome: "succeed"|"fail", reason?}: the bank's answer to a refund
  POST /payout                {payout, outcome: "arrive"|"fail", code?}: the bank's answer to a payout
  GET  /account               ?key=: how an account is set up
  PUT  /account               {key, country?, fees?, settlement?, payouts?, …}; DELETE ?key= for a new account's
  GET  /faults                what goes wrong with requests, webhooks and money days later
  PUT  /faults                {seed?, requests?, latency?, webhooks?, sequels?}; DELETE for nothing
  GET  /limits                what accounts may do; ?key= for one
  PUT  /limits                {key?, preset?: "sandbox"|"live", requests_per_second?, …}; DELETE for no limits
  GET  /counts                requests by account, endpoint and second; DELETE starts afresh
  GET  /requests              the newest requests one by one
  GET  /objects               ?key=&table=: an account's objects, newest first; limit, before
  GET  /stream                ?key=&events=: events as they happen, a line of JSON each
  GET  /deliveries            ?key=: what became of an account's webhooks
  GET  /attempts              ?key=: the newest attempts to send them
  POST /redeliver             ?key=: all of them again
  POST /release               lets held requests go
  PUT  /webhook_endpoints     {key, url, secret, enabled_events?}: where an account's events go`;

const HELP = `A Stripe to run Penstock against.

  npm run simulator [-- OPTIONS]            runs it; a page at http://127.0.0.1:SIMULATOR_PORT/ shows what there is
  npm run simulator -- COMMAND [--help]     asks one that runs
  npm run --silent simulator -- COMMAND     the same for a file or a pipe: without the lines that npm prints first

${RUN_HELP}

Commands:

${Object.entries(COMMANDS)
  .map(([name, { does }]) => `  ${name.padEnd(16)}  ${does}`)
  .join('\n')}

Controls, under http://127.0.0.1:SIMULATOR_PORT/_simulator/:

${CONTROL_HELP}
`;

/** Starts the simulator with the default account's webhooks pointed at this installation's API. */
export async function startSimulator(config: Config, argv: readonly string[] = []): Promise<Running> {
  const options = parse(argv);
  const { port } = config.simulator;
  const simulator = await Simulator.open({
    port,
    host: options.host,
    names: options.hosts,
    folder: options.memory ? undefined : join(config.dataDir, 'simulator'),
    history: options.history,
    seed: options.seed,
    firstRetryMs: options.firstRetryMs,
  }).catch((error) => {
    throw mendable(error, port);
  });
  if (options.webhooks) {
    const url = options.webhookUrl ?? `http://127.0.0.1:${config.port}/webhooks/stripe/default`;
    addEndpoint(simulator, { key: SIMULATOR_KEY, url, secret: SIMULATOR_WEBHOOK_SECRET });
  }
  simulator.start();
  return { failed: failure().failed, stop: () => simulator.stop() };
}

function mendable(error: NodeJS.ErrnoException, port: number): Error {
  if (error.code === 'EADDRINUSE') return portTaken(port, 'the simulator', 'SIMULATOR_PORT');
  if (!(error instanceof FolderUnavailableError)) return error;
  const stop = error instanceof FolderInUseError ? 'stop what uses it, ' : '';
  const mend = 'set PENSTOCK_DATA_DIR to another folder, or run the simulator with --memory';
  return new UsageError(`${error.message}: ${stop}${mend}`);
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
        history: { type: 'string' },
        seed: { type: 'string' },
        host: { type: 'string' },
        hosts: { type: 'string', default: '' },
      },
    });
    return {
      memory: values.memory,
      webhooks: !values['no-webhooks'],
      webhookUrl: httpUrl('--webhook-url', values['webhook-url']),
      firstRetryMs: wholeNumber('--first-retry-ms', values['first-retry-ms']),
      history: values.history === undefined ? undefined : wholeNumber('--history', values.history),
      seed: word('--seed', values.seed),
      host: values.host,
      hosts: hostNames('--hosts', values.hosts),
    };
  } catch (error) {
    throw new UsageError(`${(error as Error).message} (npm run simulator -- --help)`);
  }
}

function wholeNumber(option: string, text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new Error(`${option} takes a whole number from 1, not ${text}`);
  return Number(text);
}

function word(option: string, text: string | undefined): string | undefined {
  if (text !== undefined && !/^\S{1,64}$/.test(text)) throw new Error(`${option} takes a word of up to 64 letters`);
  return text;
}

function httpUrl(option: string, text: string | undefined): string | undefined {
  if (text !== undefined && !isHttpUrl(text)) throw new Error(`${option} takes a whole http or https URL, not ${text}`);
  return text;
}

function hostNames(option: string, text: string): string[] {
  const names = text === '' ? [] : text.toLowerCase().split(',');
  for (const name of names) {
    if (!/^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/.test(name))
      throw new Error(`${option} takes names such as simulator, not ${name}`);
  }
  return names;
}

async function runSimulator(argv: readonly string[]): Promise<Running> {
  const config = loadConfig();
  const running = await startSimulator(config, argv);
  process.stdout.write(
    `simulator on http://127.0.0.1:${config.simulator.port} (its page; controls under /_simulator/)\n`,
  );
  return running;
}

function askSimulator(argv: readonly string[], stopping: AbortSignal): Promise<void> {
  return runCommand(argv, {
    say: (line) => process.stdout.write(`${line}\n`),
    note: (line) => process.stderr.write(`${line}\n`),
    input: () => text(process.stdin),
    stopping,
    base: `http://127.0.0.1:${loadConfig().simulator.port}`,
  });
}

if (isMain(import.meta.url)) {
  const argv = process.argv.slice(2);
  if (isCommand(argv)) await runOnce((stopping) => askSimulator(argv, stopping));
  else if (argv.includes('--help') || argv.includes('-h')) process.stdout.write(HELP);
  else await runAsProcess(() => runSimulator(argv));
}
