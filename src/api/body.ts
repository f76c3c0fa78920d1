import type { IncomingMessage } from 'node:http';
import { tooLarge, unreadable } from './errors.js';

/**
 * The body of a request, as it came. One that is too large is read to its end all the same, and dropped on the way: who
 * sends would not look for an answer before.
 *
 * @param limit bytes.
 * @throws Problem 413 beyond the limit, 400 where it breaks off.
 */
export function readBody(req: IncomingMessage, limit: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    req.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes <= limit) chunks.push(chunk);
      else chunks.length = 0;
    });
    req.on('end', () => {
      if (bytes > limit) reject(tooLarge());
      else resolve(chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks));
    });
    req.on('error', () => reject(unreadable(400)));
  });
}
