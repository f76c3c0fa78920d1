import * as http from 'node:http';
import * as https from 'node:https';
import Stripe from 'stripe';
import type { StripeEvent, WebhookEndpoint } from '../objects/event.js';

const ANSWER_TIMEOUT_MS = 10_000;

/** A connection is let go before those who listen let go of it (Node's servers after 5 s): what is sent then is lost. */
const IDLE_MS = 1_000;

/** Posts events. A redirect is not followed: it is an answer like another, and none that Stripe takes for a success. */
export class Poster {
  private readonly agents = {
    'http:': new http.Agent({ keepAlive: true, timeout: IDLE_MS }),
    'https:': new https.Agent({ keepAlive: true, timeout: IDLE_MS }),
  };

  /** One attempt, signed afresh with real time; the answer's status, or null when there was none. */
  async post(to: Pick<WebhookEndpoint, 'url' | 'secret' | 'api_version'>, event: StripeEvent): Promise<number | null> {
    // Only requests differ by version here: what an event is about looks the same in all of them.
    const payload = JSON.stringify({ ...event, api_version: to.api_version ?? event.api_version });
    const headers = {
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(payload),
      'stripe-signature': Stripe.webhooks.generateTestHeaderString({ payload, secret: to.secret }),
      'user-agent': 'Stripe/1.0',
    };
    try {
      return await this.send(new URL(to.url), headers, payload);
    } catch {
      return null;
    }
  }

  /** Cuts off what is under way: each is told that nobody answered. */
  stop(): void {
    for (const agent of Object.values(this.agents)) agent.destroy();
  }

  private send(url: URL, headers: http.OutgoingHttpHeaders, payload: string): Promise<number | null> {
    const secure = url.protocol === 'https:';
    const agent = this.agents[secure ? 'https:' : 'http:'];
    return new Promise((resolve, reject) => {
      const sent = (secure ? https : http).request(url, { method: 'POST', agent, headers });
      const tooLate = setTimeout(() => sent.destroy(), ANSWER_TIMEOUT_MS);
      sent.once('response', (answer) => {
        answer.once('end', () => resolve(answer.statusCode ?? null));
        answer.once('error', reject);
        answer.resume();
      });
      sent.once('error', reject);
      sent.once('close', () => {
        clearTimeout(tooLate);
        // Where nothing was said before, nobody answered.
        resolve(null);
      });
      sent.end(payload);
    });
  }
}
