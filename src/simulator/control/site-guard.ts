import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';

/**
 * The page and the controls ask nobody for a key, so they must not be at the service of whatever web page a person happens
 * to look at: a page elsewhere may post forms to a loopback address, and one whose name is rebound to it may read answers.
 *
 * @param host where the simulator listens; undefined is loopback.
 * @returns why the request is not answered; undefined when it is.
 */
export function refusalBySite({ method = 'GET', headers }: IncomingMessage, host: string | undefined) {
  const asked = headers.host ?? '';
  if (isLoopback(host ?? '127.0.0.1') && !isLoopback(nameOf(asked)) && nameOf(asked) !== host) {
    return `the simulator listens on loopback only, and is not called ${nameOf(asked) || 'nothing at all'}`;
  }
  if (method === 'GET' || method === 'HEAD') return undefined;
  const site = headers['sec-fetch-site'];
  const { origin } = headers;
  const foreign = origin !== undefined && !isOf(origin, asked);
  // Whatever is no browser sends neither of the two.
  if (foreign || (site !== undefined && site !== 'same-origin' && site !== 'none')) {
    return `a page of ${origin ?? 'another site'} may change nothing here`;
  }
  return undefined;
}

function isOf(origin: string, host: string): boolean {
  return URL.canParse(origin) && new URL(origin).host === host;
}

/** Without the port: `localhost`, `127.0.0.1`, `::1`. */
function nameOf(host: string): string {
  const url = `http://${host}`;
  return URL.canParse(url) ? new URL(url).hostname.replace(/^\[|\]$/g, '') : host;
}

function isLoopback(name: string): boolean {
  if (isIP(name) === 0) return name === 'localhost' || name.endsWith('.localhost');
  return name === '::1' || name.startsWith('127.');
}
