import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import qs from 'qs';
import type { Upload } from './context.js';
import { invalidRequest, StripeApiError } from './errors.js';
import type { Params } from './params.js';

/** Files come in them too. */
export const LARGEST_BODY = 8 * (1 << 20);

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

export function readBody(req: IncomingMessage): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    req.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size <= LARGEST_BODY) chunks.push(chunk);
      else reject(new StripeApiError(413, { type: 'invalid_request_error', message: 'Too large.' }));
    });
    req.once('end', () => resolve(Buffer.concat(chunks)));
    req.once('error', reject);
    req.once('close', () => reject(new Error('the request was cut off')));
  });
}

export function header(req: IncomingMessage, name: string): string | null {
  const value = req.headers[name];
  return typeof value === 'string' ? value : null;
}

/**
 * Lists come as objects by index, which is all that tells `expand[0]` from a metadata key "0"; and a parameter may be
 * called what every object has, such as `constructor`.
 */
const PARSING: qs.IParseOptions = { depth: 6, parameterLimit: 1_000, parseArrays: false, plainObjects: true };

/** What a request asks for: its query where it has no body, else a form. @throws what is no form. */
export async function decode(
  req: IncomingMessage,
  url: URL,
  body: Buffer,
): Promise<{ readonly params: Params; readonly upload: Upload | null }> {
  if (req.method === 'GET' || req.method === 'DELETE') return { params: parsed(url.search.slice(1)), upload: null };
  const type = header(req, 'content-type') ?? '';
  if (!type.startsWith('multipart/form-data')) return { params: parsed(body.toString('utf8')), upload: null };
  return multipart(type, body);
}

/** @throws the 400 for a name that the parsing would drop without a word. */
function parsed(text: string): Params {
  return qs.parse(numbered(text), { ...PARSING, decoder: named }) as Params;
}

/** `a[]=x&a[]=y`, as many write a list, is `a[0]=x&a[1]=y`. */
function numbered(text: string): string {
  const counts = new Map<string, number>();
  const parts = text.split('&').map((part) =>
    part.replace(/^([^=]*?)(?:\[\]|%5B%5D)(?==|$)/i, (_, name: string) => {
      const at = counts.get(name) ?? 0;
      counts.set(name, at + 1);
      return `${name}[${at}]`;
    }),
  );
  return parts.join('&');
}

function named(text: string, decode: qs.defaultDecoder, charset: string, kind: 'key' | 'value'): string {
  const decoded = decode(text, decode, charset);
  if (kind === 'key' && /(^|\[)__proto__($|[[\]])/.test(decoded)) {
    throw invalidRequest('A parameter cannot be called __proto__ here.', 'parameter_unknown', decoded.slice(0, 200));
  }
  return decoded;
}

async function multipart(type: string, body: Buffer) {
  const form = await new Response(body, { headers: { 'content-type': type } }).formData().catch(() => undefined);
  if (form === undefined) throw invalidRequest('The multipart form cannot be read.');
  const fields = new URLSearchParams();
  let upload: Upload | null = null;
  for (const [name, value] of form) {
    if (typeof value === 'string') fields.append(name, value);
    else upload = { contents: Buffer.from(await value.arrayBuffer()), filename: value.name, type: value.type };
  }
  return { params: parsed(fields.toString()), upload };
}
