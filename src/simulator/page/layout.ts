import { createHash } from 'node:crypto';
import type { Simulator } from '../simulator.js';
import { Html, html } from './html.js';
import { SCRIPT } from './script.js';
import { type Chosen, clockForms, clockPart } from './sections.js';
import { STYLE } from './style.js';

/** What the page answers to a browser. */
export interface PageAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** The one script and the one sheet there may be, each by its hash: nothing that anybody's metadata says is ever run. */
const POLICY = [
  "default-src 'none'",
  `script-src ${sourceOf(SCRIPT)}`,
  `style-src ${sourceOf(STYLE)}`,
  "connect-src 'self'",
  'img-src data:',
  "form-action 'self'",
  "frame-ancestors 'none'",
  "base-uri 'none'",
].join('; ');

const HEADERS = {
  'content-type': 'text/html; charset=utf-8',
  'content-security-policy': POLICY,
  'x-content-type-options': 'nosniff',
  // Without it the forms would come from nowhere, and be refused.
  'referrer-policy': 'same-origin',
  'cache-control': 'no-store',
};

function sourceOf(text: string): string {
  return `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
}

/** The whole page around `content`, with the clock at its head. */
export function answered(
  simulator: Simulator,
  chosen: Chosen | undefined,
  content: Html,
  status = 200,
  nav?: Html,
): PageAnswer {
  const body = html`<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Stripe simulator</title>
<link rel="icon" href="data:,"><style>${new Html(STYLE)}</style></head>
<body><header><h1><a href="/">Stripe simulator</a></h1>${clockPart(simulator)}${clockForms(chosen)}
<span id="away">does not answer</span>${nav}</header>
<main>${content}</main>
${status === 200 && html`<script type="module">${new Html(SCRIPT)}</script>`}</body>
</html>
`;
  return { status, headers: HEADERS, body: body.text };
}
