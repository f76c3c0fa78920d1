import { SIMULATOR_KEY } from '../../src/config/accounts.js';

/** One request to a control; a text as a body goes as it is. */
export type Asked = readonly [method: string, path: string, body?: unknown];

export async function askControl(
  base: string,
  [method, path, body]: Asked,
): Promise<{ status: number; error: string; answer: unknown }> {
  const text = body === undefined || typeof body === 'string' ? body : JSON.stringify(body);
  const response = await fetch(`${base}/_simulator/${path}`, text === undefined ? { method } : { method, body: text });
  const answer = (await response.json()) as { error: string };
  return { status: response.status, error: answer.error, answer };
}

/** Everything that a control could have changed. */
export async function standing(base: string): Promise<unknown> {
  const own = [
    'deliveries',
    'account',
    'attempts',
    ...['payment_intents', 'charges', 'webhook_endpoints'].map((table) => `objects?table=${table}&limit=100`),
  ].map((path) => `${path}${path.includes('?') ? '&' : '?'}key=${SIMULATOR_KEY}`);
  const read = async (path: string) => (await askControl(base, ['GET', path])).answer;
  return Promise.all(['', 'faults', 'limits', 'clock', 'counts', ...own].map(read));
}
