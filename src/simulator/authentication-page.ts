import qs from 'qs';
import { findAnywhere, outcomeSchema } from './control/acts.js';
import { written } from './money.js';
import type { PaymentIntent } from './objects/payment-intent.js';
import { type Html, html } from './page/html.js';
import { StripeApiError } from './requests/errors.js';
import { authenticate } from './resources/authenticating.js';
import type { Simulator } from './simulator.js';

export interface Page {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly html: string;
}

/**
 * What a bank would show its customer: what is to be paid, and two buttons. `GET` shows it, `POST` with an `outcome`
 * carries it out and sends the customer back to the shop, as Stripe's own page does.
 */
export function authenticationPage(simulator: Simulator, method: string, id: string, body: string): Page {
  try {
    const { account, intent } = findAnywhere(simulator, id);
    if (method === 'GET') return intent.status === 'requires_action' ? ask(intent) : nothingToDo(intent);
    if (method !== 'POST') return page(405, 'Not this way', html`<p>This page takes GET and POST.</p>`);
    const outcome = outcomeSchema.safeParse(qs.parse(body)['outcome']);
    if (!outcome.success) return page(422, 'Not understood', html`<p>The outcome is "succeed" or "fail".</p>`);
    if (intent.status !== 'requires_action') return nothingToDo(intent);
    // The way back is part of what is done with, so it is read before.
    const returnUrl = intent.next_action?.type === 'redirect_to_url' ? intent.next_action.redirect_to_url : undefined;
    const after = simulator.happen(account, (context) => authenticate(context, id, outcome.data));
    return returnUrl === undefined ? done(after) : redirect(after, returnUrl.return_url);
  } catch (error) {
    if (!(error instanceof StripeApiError)) throw error;
    return page(error.status, 'No such payment', html`<p>${error.message}</p>`);
  }
}

function ask(intent: PaymentIntent): Page {
  const { amount, currency } = intent;
  return page(
    200,
    'Authenticate a payment',
    html`<p>A payment of <strong>${written(amount, currency)}</strong>
(${currency.toUpperCase()}) is to be authenticated.</p>
<form method="post">
<button name="outcome" value="succeed">Complete authentication</button>
<button name="outcome" value="fail">Fail authentication</button>
</form>`,
  );
}

function nothingToDo({ status }: PaymentIntent): Page {
  return page(409, 'Nothing to authenticate', html`<p>This payment has the status ${status}.</p>`);
}

function done({ status }: PaymentIntent): Page {
  return page(200, 'Done', html`<p>This payment has the status ${status}. You can close this page.</p>`);
}

/** 303, so that the browser goes there by GET. */
function redirect(intent: PaymentIntent, returnUrl: string): Page {
  const url = new URL(returnUrl);
  url.searchParams.set('payment_intent', intent.id);
  url.searchParams.set('payment_intent_client_secret', intent.client_secret);
  url.searchParams.set('redirect_status', intent.status === 'requires_payment_method' ? 'failed' : 'succeeded');
  return { ...page(303, 'Done', html`<p>Go on to ${url.href}.</p>`), headers: { location: url.href } };
}

function page(status: number, title: string, content: Html): Page {
  const whole = html`<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>${title}</title></head>
<body>
<h1>${title}</h1>
${content}
</body>
</html>
`;
  return { status, headers: {}, html: whole.text };
}
