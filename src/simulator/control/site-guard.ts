import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';

/** Where the simulator listens (loopback when left out), and the names under which others reach it, in small letters. */
export interface Site {
  readonly host?: string | undefined;
  readonly names?: readonly string[] | undefined;
}

/**
 * The page and the controls ask nobody for a key, so they must not be at the service of whatever web page a person happens
 * to look at: a page elsewhere may post forms to a loopback address, and one whose name is rebound to it may read answers.
 *
 * Stripe's own API asks for a key, and goes by any name.
 *
 * @param names what else the simulator is called; on loopback and by its address it is reached without.
 * @returns why the request is not answered; undefined when it is.
 */
export function refusalBySite({ method = 'GET', headers }: IncomingMessage, { host = '127.0.0.1', names = [] }: Site) {
  const asked = headers.host ?? '';
  const name = nameOf(asked);
  // An address cannot be rebound; but on loopback nobody comes by that of another machine.
  const isAddress = isIP(name) !== 0 && !isLoopback(host);
  if (!isLoopback(name) && !isAddress && name !== host && !names.includes(name)) {
    return `the simulator's page and controls are not called ${name || 'nothing at all'}: they are with --hosts ${name || 'NAME'}`;
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
  return URL.canParse(origin) && new URL(origin).host === host.toLowerCase();
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
