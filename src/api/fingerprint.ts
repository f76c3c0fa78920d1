import { createHash } from 'node:crypto';
import { canonicalRequest, FINGERPRINT_VERSION } from '../domain/request.js';

/** `<version>:<SHA-256 of the canonical request>`: equal for equal requests, whatever the order of their keys. */
export function fingerprint(request: object): string {
  return `${FINGERPRINT_VERSION}:${createHash('sha256').update(canonicalRequest(request)).digest('base64url')}`;
}
