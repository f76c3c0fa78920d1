import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import qs from 'qs';
import type { Upload } from './context.js';
import { invalidRequest, StripeApiError } from './errors.js';
import type { Params } from './params.js';

/** Files come in them too. */
export const LARGEST_BODY = 8 * (1 << 20);

/** Accounts by their keys, of those that asked last: most requests are of few. */
const ACCOUNTS = new Map<string, string>();
const ACCOUNTS_KNOWN = 1_000;

/** The account a secret key opens: each key is an island. */
export function accountId(key: string): string {
  const known = ACCOUNTS.get(key);
  if (known !== undefined) return known;
  const account = `acct_${createHash('sha256').update(key).digest('hex').slice(0, 16)}`;
  if (ACCOUNTS.size >= ACCOUNTS_KNOWN) ACCOUNTS.clear();
  ACCOUNTS.set(key, account);
  return account;
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
    req.once('close', () => {
      if (!req.complete) reject(new Error('the request was cut off'));
    });
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
const MOST_PARAMETERS = 1_000;
const PARSING: qs.IParseOptions = {
  depth: 6,
  parameterLimit: MOST_PARAMETERS,
  parseArrays: false,
  plainObjects: true,
};

export interface Form {
  readonly params: Params;
  readonly upload: Upload | null;
  /** Why it could not be read. */
  readonly malformed: Error | undefined;
}

/** As `decode`; a form that cannot be read is counted and limited as any other. */
export async function formOf(...of: Parameters<typeof decode>): Promise<Form> {
  try {
    return { ...(await decode(...of)), malformed: undefined };
  } catch (error) {
    return { params: {}, upload: null, malformed: error as Error };
  }
}

/**
 * What a request asks for. Stripe mixes query and form into one whatever the method (stripe-mock 0.203.0, param/param.go:
 * "behavior inherited from Rack"); a body of a GET it does not read.
 * @param takesFile only such a route takes a form in parts, as in Stripe's OpenAPI document.
 * @throws the 400 for what is no form, or not the one that the route takes.
 */
async function decode(
  req: IncomingMessage,
  url: URL,
  body: Buffer,
  takesFile: boolean,
): Promise<{ readonly params: Params; readonly upload: Upload | null }> {
  const query = url.search.slice(1);
  if (req.method === 'GET') return { params: parsed(query), upload: null };
  const type = header(req, 'content-type') ?? '';
  const inParts = /^multipart\/form-data\b/i.test(type);
  if (inParts && takesFile) return multipart(type, query, body);
  if (inParts || /^application\/json\b/i.test(type)) throw wrongType();
  return { params: parsed(joined(query, body.toString('utf8'))), upload: null };
}

function wrongType() {
  return invalidRequest(
    'Invalid request (check that your POST content type is application/x-www-form-urlencoded). If you have questions, we ' +
      'can help at https://support.stripe.com/.',
  );
}

function joined(...forms: readonly string[]): string {
  return forms.filter((form) => form !== '').join('&');
}

/** @throws the 400 for what the parsing would drop without a word: a name, or parameters beyond so many. */
function parsed(text: string): Params {
  return qs.parse(numbered(text), { ...PARSING, decoder: named }) as Params;
}

/** `a[]=x&a[]=y`, as many write a list, is `a[0]=x&a[1]=y`. */
function numbered(text: string): string {
  const counts = new Map<string, number>();
  const given = text.split('&');
  if (given.length > MOST_PARAMETERS) {
    throw invalidRequest(`A request has at most ${MOST_PARAMETERS} parameters here; this one has ${given.length}.`);
  }
  const parts = given.map((part) =>
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

/** A file stands among the parameters by its name there, so that one that nobody asked for is refused like any other. */
async function multipart(type: string, query: string, body: Buffer) {
  const form = await new Response(body, { headers: { 'content-type': type } }).formData().catch(() => undefined);
  if (form === undefined) throw invalidRequest('The multipart form cannot be read.');
  const fields = new URLSearchParams();
  let upload: Upload | null = null;
  for (const [name, value] of form) {
    if (typeof value !== 'string') {
      upload = { contents: Buffer.from(await value.arrayBuffer()), filename: value.name, type: value.type };
    }
    fields.append(name, typeof value === 'string' ? value : value.name);
  }
  return { params: parsed(joined(query, fields.toString())), upload };
}
