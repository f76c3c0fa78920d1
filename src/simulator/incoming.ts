import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { StripeApiError } from './errors.js';

const LARGEST_BODY = 1_000_000;

/** The account a secret key opens: each key is an island. */
export function accountId(key: string): string {
  return `acct_${createHash('sha256').update(key).digest('hex').slice(0, 16)}`;
}

export interface Caller {
  readonly account: string;
  /** A customer's browser: its key opens the same account as the secret key of that name, for very little. */
  readonly publishable: boolean;
}

export function callerOf(req: IncomingMessage): Caller | undefined {
  const authorization = req.headers.authorization ?? '';
  const basic = /^Basic (.+)$/i.exec(authorization)?.[1];
  const key =
    /^Bearer (.+)$/i.exec(authorization)?.[1] ?? (basic && Buffer.from(basic, 'base64').toString().split(':')[0]);
  if (key === undefined || !/^(sk|rk|pk)_test_\w{4,}$/.test(key)) return undefined;
  return { account: accountId(key.replace(/^pk_/, 'sk_')), publishable: key.startsWith('pk_') };
}

export async function readBody(req: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of req as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > LARGEST_BODY) throw new StripeApiError(413, { type: 'invalid_request_error', message: 'Too large.' });
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

export function header(req: IncomingMessage, name: string): string | null {
  const value = req.headers[name];
  return typeof value === 'string' ? value : null;
}
