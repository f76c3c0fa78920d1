import { createHash } from 'node:crypto';
import { UsageError } from '../../process.js';
import { Poster } from '../delivery/posting.js';
import { isHttpUrl } from '../http-url.js';
import type { StripeEvent } from '../objects/event.js';
import { parsed, REMOTE_HELP, REMOTE_OPTIONS, remoteOf, wrong } from './arguments.js';
import type { Command, Terminal } from './terminal.js';

type Tell = Terminal['say'];

const help = `Prints events as they happen, and forwards them, until Ctrl-C.

  npm run simulator -- listen [--forward-to http://127.0.0.1:3000/webhooks] [--events payment_intent.*,charge.refunded]

  --forward-to URL   sends each event there too, signed with the secret that is printed at the start
  --events A,B       of these types only; payment_intent.* is all that begins so
  --print-json       prints each event whole, a line of JSON each, and everything else on standard error
${REMOTE_HELP}

It sees events before any webhook is sent, and faults of webhooks leave it alone: whoever is to meet with those is
registered as an endpoint (PUT /_simulator/webhook_endpoints). What is forwarded is sent once, whatever is answered.
`;

/** How many may be under way at once: behind an endpoint that hangs, the stream waits. */
const MOST_FORWARDED = 32;

export const listen: Command = {
  does: 'print events as they happen, and forward them',
  help,
  async run(argv, terminal) {
    const options = {
      ...REMOTE_OPTIONS,
      'forward-to': { type: 'string' },
      events: { type: 'string' },
      'print-json': { type: 'boolean' },
    } as const;
    const { values } = parsed('listen', argv, options, 0);
    const remote = remoteOf('listen', values, terminal);
    const whole = values['print-json'] === true;
    // Where the events are for a program, everything else is for whoever watches it.
    const tell = whole ? terminal.note : terminal.say;
    const forward = new Forwarding(urlOf(values['forward-to']), secretOf(remote.key), tell);
    const query = { key: remote.key, ...(values.events === undefined ? {} : { events: values.events }) };
    try {
      for await (const line of remote.stream(query)) {
        if (line.kind === 'open') begin(tell, remote.base, line.account, forward);
        if (line.kind === 'end') throw new UsageError(`${line.why}: nothing more comes`);
        if (line.kind !== 'event') continue;
        terminal.say(whole ? JSON.stringify(line.event) : told('-->', line.event));
        await forward.send(line.event);
      }
    } catch (error) {
      if (!terminal.stopping.aborted) throw error;
    }
    await forward.rest();
    if (!terminal.stopping.aborted) throw new UsageError(`the simulator at ${remote.base} is gone: nothing more comes`);
  },
};

/** The same for the same account, so that whoever verifies with it need not be told anew each time. */
function secretOf(key: string): string {
  return `whsec_${createHash('sha256').update(`listen/${key}`).digest('hex').slice(0, 32)}`;
}

function urlOf(text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  const url = /^https?:\/\//.test(text) ? text : `http://${text}`;
  if (!isHttpUrl(url)) throw wrong('listen', `--forward-to ${text} is no URL`);
  return url;
}

function begin(tell: Tell, base: string, account: string | null, { url, secret }: Forwarding): void {
  tell(`Ready: events of ${account} from ${base}; Ctrl-C ends it`);
  if (url !== undefined) tell(`Forwarding to ${url}; the signing secret is ${secret}`);
}

function told(arrow: string, { created, type, id }: StripeEvent): string {
  return `${new Date(created * 1_000).toISOString().slice(0, 19).replace('T', ' ')}  ${arrow} ${type} [${id}]`;
}

class Forwarding {
  private readonly underWay = new Set<Promise<void>>();
  private readonly poster = new Poster();

  constructor(
    readonly url: string | undefined,
    readonly secret: string,
    private readonly tell: Tell,
  ) {}

  /** Resolves once another may be sent. */
  async send(event: StripeEvent): Promise<void> {
    const { url } = this;
    if (url === undefined) return;
    const sending = this.attempt(url, event);
    this.underWay.add(sending);
    void sending.then(() => this.underWay.delete(sending));
    if (this.underWay.size >= MOST_FORWARDED) await Promise.race(this.underWay);
  }

  async rest(): Promise<void> {
    await Promise.all(this.underWay);
  }

  private async attempt(url: string, event: StripeEvent): Promise<void> {
    const status = await this.poster.post({ url, secret: this.secret, api_version: null }, event);
    this.tell(`${' '.repeat(19)}  <-- [${status ?? 'no answer'}] POST ${url} [${event.id}]`);
  }
}
