import { timingSafeEqual } from 'node:crypto';
import type { RequestHandler } from 'express';
import { hashKey } from '../config/index.js';
import { Problem } from './errors.js';

/**
 * Lets a request pass that carries one of the keys as `Authorization: Bearer`. Hashes are compared, in constant time
 * and always all of them, so that neither a key's length nor its place in the list shows in the answer's time. Without
 * keys everybody passes.
 */
export function requireKey(hashes: readonly Buffer[]): RequestHandler {
  return (req, _res, next) => {
    if (hashes.length === 0 || matches(hashes, req.headers.authorization)) return next();
    next(
      new Problem(
        401,
        'unauthorized',
        'An API key is needed',
        'Send one of PENSTOCK_API_KEYS as `Authorization: Bearer`.',
      ),
    );
  };
}

function matches(hashes: readonly Buffer[], header: string | undefined): boolean {
  const presented = hashKey(/^Bearer (.{1,512})$/.exec(header ?? '')?.[1] ?? '');
  let matched = false;
  for (const hash of hashes) matched = timingSafeEqual(hash, presented) || matched;
  return matched;
}
