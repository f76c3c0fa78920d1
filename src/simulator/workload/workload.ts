import { createHash } from 'node:crypto';
import { NEW_ACCOUNT } from '../account.js';
import { audit, type Violation } from '../audit/index.js';
import type { Account } from '../objects/account.js';
import { accountId } from '../requests/incoming.js';
import { Simulator } from '../simulator.js';
import { TABLE_NAMES } from '../state/tables.js';
import { Client, type Received } from './client.js';
import { Island } from './island.js';
import { KeyBook } from './key-book.js';
import { KINDS } from './kinds/index.js';
import type { Again, Call, Control } from './kinds/kind.js';
import { ACCOUNTS, type Operation } from './operations.js';
import { shownBooks } from './shown-books.js';

/** The first moment of every workload, Unix ms: a Tuesday at noon, UTC. */
const BEGINS_MS = Date.UTC(2026, 0, 6, 12);
/** Between one operation and the next, by the simulator's clock: some are before a charge is settled or found, some after. */
const PAUSE_MS = 250;
/** The same, as rates are measured: so close that limits for a sandbox bite. */
const STEADY_PAUSE_MS = 30;
/** Of so many of the newest requests any may be repeated: of the others a short memory has forgotten the answers. */
const REPEATED = 60;

/** How the accounts are set up; each has its own way of bringing money onto the books and off them. */
const SETUPS: readonly Partial<Account>[] = [
  {},
  {
    country: 'DE',
    settlement: { currencies: ['eur'], rates: { usd: 0.9137, gbp: 1.1523, jpy: 0.6121 } },
    payouts: { interval: 'manual', delay_days: 3 },
  },
  { settlement: { currencies: ['usd', 'eur'], rates: { gbp: 1.2711 } }, payouts: { interval: 'daily', delay_days: 0 } },
];

/** A request that was sent under a key. */
interface Sent {
  readonly call: Call;
  readonly key: string;
  /** What came of it is not known. */
  readonly unknown: boolean;
}

/** How often each kind of operation ended how. */
export type Counts = Record<string, Record<string, number>>;

export interface WorkloadOptions {
  /** Of the ids that are made. */
  readonly seed: number;
  /** How many payments each account remembers. */
  readonly history?: number | undefined;
}

/**
 * Callers of a simulator of their own, in memory, who do one operation after the other. The same seed and operations have
 * the same answers and the same end, which `digest` tells: nothing is measured by a clock but the workload's own.
 */
export class Workload {
  readonly counts: Counts = {};
  /** What the callers found wrong with their answers. */
  readonly complaints: string[] = [];
  private readonly hash = createHash('sha256');
  private readonly islands: readonly Island[];
  private readonly keys = new KeyBook();
  private readonly sent: Sent[][];
  private script: { readonly requests: readonly object[] } = { requests: [] };
  private performed = 0;

  private constructor(
    readonly simulator: Simulator,
    private readonly client: Client,
    private readonly time: { ticks: number },
    secretKeys: readonly string[],
  ) {
    this.islands = secretKeys.map((key) => new Island(key));
    this.sent = secretKeys.map(() => []);
  }

  static async start({ seed, history }: WorkloadOptions): Promise<Workload> {
    const time = { ticks: 0 };
    const simulator = await Simulator.open({
      port: 0,
      folder: undefined,
      history,
      seed: `workload/${seed}`,
      now: () => BEGINS_MS + time.ticks * PAUSE_MS,
      steadyNow: () => BEGINS_MS + time.ticks * STEADY_PAUSE_MS,
    });
    const secretKeys = Array.from({ length: ACCOUNTS }, (_, at) => `sk_test_workload${at}`);
    simulator.store.commit(
      secretKeys.map((key, at) => [accountId(key), 'account', { ...NEW_ACCOUNT, ...SETUPS[at % SETUPS.length] }]),
    );
    return new Workload(simulator, new Client(simulator.start()), time, secretKeys);
  }

  async stop(): Promise<void> {
    this.client.close();
    await this.simulator.stop();
  }

  /** Carries out one operation. */
  async perform({ kind: name, account, given, keyed, twin }: Operation): Promise<void> {
    this.time.ticks += 1;
    this.performed += 1;
    const island = this.islands[account % this.islands.length] as Island;
    const plan = KINDS[name]?.plan(island, given as never);
    const again = plan !== undefined && 'again' in plan ? this.again(island, plan) : undefined;
    if (plan !== undefined && 'control' in plan) return this.control(name, plan, island);
    const call = plan === undefined || 'again' in plan ? again?.call : plan;
    if (call === undefined) return this.count(name, 'nothing to do');
    const key = again?.key ?? (call.method === 'POST' && keyed ? `key-${this.performed}` : undefined);
    const all = await this.request(island, call, key, call.method === 'POST' ? twin : 'none');
    for (const received of all) this.take(name, island, call, key, received);
  }

  /** Everything that does not add up as it stands, and every complaint so far. */
  violations(): string[] {
    const found = audit(this.simulator.store, this.simulator.clock.now());
    return [...this.complaints, ...found.map(({ account, rule, what }: Violation) => `${account}: ${rule}: ${what}`)];
  }

  /** Lets nothing go wrong any more and adds up what each account then shows. @returns what does not add up. */
  async shownBooks(): Promise<string[]> {
    await this.client.control('DELETE faults', {});
    await this.client.control('DELETE limits', {});
    const found: string[] = [];
    for (const { secretKey } of this.islands) {
      for await (const what of shownBooks(this.client, secretKey)) found.push(`${accountId(secretKey)}: ${what}`);
    }
    return found;
  }

  /** Of every answer so far and of all that is kept: a sha256, in hexadecimal. */
  digest(): string {
    // Whatever is due has happened, whether or not the agenda's own timer came to it.
    this.simulator.agenda.catchUp();
    const { store } = this.simulator;
    const hash = this.hash.copy();
    for (const account of store.accountNames()) {
      for (const table of TABLE_NAMES) {
        for (const row of store.all(account, table)) hash.update(placeless(JSON.stringify([account, table, row])));
      }
    }
    return hash.digest('hex');
  }

  private async control(name: string, { control, body }: Control, island: Island): Promise<void> {
    if (control === 'PUT faults') this.script = body as typeof this.script;
    const received = await this.client.control(control, body);
    this.take(name, island, undefined, undefined, received);
  }

  /** An earlier request, as it was or with something else in it. */
  private again(island: Island, { again, pick, otherwise }: Again): Sent | undefined {
    const all = this.sent[this.islands.indexOf(island)] ?? [];
    const from = again === 'unknown' ? all.filter(({ unknown }) => unknown) : all;
    const sent = from.at(-1 - (pick % Math.max(1, from.length)));
    if (sent === undefined || !otherwise) return sent;
    const { metadata, ...params } = sent.call.params;
    return {
      ...sent,
      call: { ...sent.call, params: { ...params, metadata: { ...Object(metadata), otherwise: 'yes' } } },
    };
  }

  private async request(
    island: Island,
    call: Call,
    key: string | undefined,
    twin: Operation['twin'],
  ): Promise<Received[]> {
    const secret = island.secretKey;
    const send = () => this.client.call(call, call.fromBrowser ? secret.replace(/^sk_/, 'pk_') : secret, key);
    if (twin === 'none') return [await send()];
    if (twin === 'while held') return this.whileHeld(send);
    const both = await Promise.all([send(), send()]);
    // Which of the two came first is nobody's doing.
    return both.sort((a, b) => (saying(a) < saying(b) ? -1 : 1));
  }

  /** Sends once, and again while the first is under way, held before its effect. */
  private async whileHeld(send: () => Promise<Received>): Promise<Received[]> {
    const { held } = this.simulator;
    const hold = { kind: 'hold_before', times: 1 };
    await this.client.control('PUT faults', { ...this.script, requests: [hold, ...this.script.requests] });
    const first = send();
    // A limit may refuse it before.
    const isHeld = await Promise.race([held.until(1).then(() => true), first.then(() => false)]);
    const second = isHeld ? await send() : undefined;
    held.release();
    const all = [await first, ...(second === undefined ? [] : [second])];
    await this.client.control('PUT faults', this.script);
    return all;
  }

  private take(
    name: string,
    island: Island,
    call: Call | undefined,
    key: string | undefined,
    received: Received,
  ): void {
    this.count(name, outcomeOf(received));
    this.hash.update(`${this.performed} ${saying(received)}\n`);
    this.complain(name, received);
    if (received.kind === 'answered') island.learn(received.body, received.replayed);
    if (call === undefined || key === undefined) return;
    this.complaints.push(...this.keys.note(call, `${island.secretKey}/${key}`, received, this.simulator.clock.now()));
    const sent = this.sent[this.islands.indexOf(island)];
    sent?.push({ call, key, unknown: received.kind !== 'answered' || received.status >= 500 });
    if (sent !== undefined && sent.length > REPEATED) sent.shift();
  }

  /** What no caller ought to see: a bug's own words, or a loss that nobody ordered. */
  private complain(name: string, received: Received): void {
    if (received.kind !== 'answered') {
      if (this.script.requests.length === 0)
        this.complaints.push(`${name} ${this.performed} was ${outcomeOf(received)}`);
      return;
    }
    const { message } = (received.body['error'] ?? {}) as { message?: string };
    if (received.status >= 500 && message?.startsWith('simulator: ')) {
      this.complaints.push(`${name} ${this.performed} came to "${message}"`);
    }
  }

  private count(name: string, outcome: string): void {
    const counts = this.counts[name] ?? {};
    counts[outcome] = (counts[outcome] ?? 0) + 1;
    this.counts[name] = counts;
  }
}

function outcomeOf(received: Received): string {
  return received.kind === 'answered' ? String(received.status) : received.kind;
}

function saying(received: Received): string {
  if (received.kind !== 'answered') return received.kind;
  return `${received.status} ${received.replayed} ${placeless(received.text)}`;
}

/** A workload's simulator listens somewhere else each time. */
function placeless(text: string): string {
  return text.replaceAll(/http:\/\/127\.0\.0\.1:\d+/g, 'http://simulator');
}
