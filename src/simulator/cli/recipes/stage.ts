import type { ClockReading } from '../../control/clock.js';
import { writtenDuration } from '../../time/durations.js';
import { Refused, type Remote, type StripeObject } from '../remote.js';
import type { Terminal } from '../terminal.js';

/** What is done so that an event comes about: steps on a running simulator, each of them told. */
export class Stage {
  /** The objects that the steps made or changed. */
  readonly touched = new Set<string>();

  constructor(
    private readonly remote: Remote,
    private readonly terminal: Terminal,
  ) {}

  async post(path: string, params: object = {}): Promise<StripeObject> {
    return this.told(`POST /v1/${path}`, await this.remote.stripe('POST', path, params));
  }

  async remove(path: string): Promise<void> {
    this.told(`DELETE /v1/${path}`, await this.remote.stripe('DELETE', path));
  }

  /** For what was made before, and is only looked at: no step. */
  get(path: string, params: object = {}): Promise<StripeObject> {
    return this.remote.stripe('GET', path, params);
  }

  /** @returns the intent that was declined. */
  async declined(path: string, params: object): Promise<StripeObject> {
    try {
      await this.remote.stripe('POST', path, params);
    } catch (error) {
      if (!(error instanceof Refused) || error.status !== 402 || error.object === undefined) throw error;
      return this.told(`POST /v1/${path} (402)`, error.object);
    }
    throw new Error(`${path} was not declined`);
  }

  /** What a customer or a bank does. */
  async control(path: string, body: object): Promise<StripeObject> {
    return this.told(`POST /_simulator/${path}`, (await this.remote.control('POST', path, body)) as StripeObject);
  }

  async settings(): Promise<{ report_takes_ms: number; payouts: { interval: string } }> {
    const { key } = this.remote;
    return (await this.remote.control('GET', `account?key=${encodeURIComponent(key)}`)) as never;
  }

  /** Unix ms by the simulator's clock. */
  async now(): Promise<number> {
    return ((await this.remote.control('GET', 'clock')) as ClockReading).now_ms;
  }

  /** For what takes time: everybody else's time passes too. */
  async step(ms: number): Promise<void> {
    await this.remote.control('POST', 'clock', { advance_ms: ms });
    this.terminal.say(`  ${'the clock is stepped'.padEnd(WIDTH)}  ${writtenDuration(ms)}`);
  }

  private told(what: string, object: StripeObject): StripeObject {
    for (const id of [object.id, object['latest_charge'], object['charge']]) {
      if (typeof id === 'string') this.touched.add(id);
    }
    const became = object['status'] ?? (object['deleted'] === true ? 'deleted' : '');
    // The id stands beside it.
    const short = what.replace(/_\w{16,}/, '_…');
    this.terminal.say(`  ${short.padEnd(WIDTH)}  ${object.id} ${became}`.trimEnd());
    return object;
  }
}

const WIDTH = 36;
