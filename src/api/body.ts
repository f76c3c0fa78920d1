import type { IncomingMessage } from 'node:http';
import { NoRoomError } from '../webhooks/turns.js';
import { tooLarge, unreadable } from './errors.js';

/** What bodies may take while they are read, bytes. */
export interface BodyLimits {
  readonly each: number;
  /** All that are being read at one time. */
  readonly together: number;
}

/**
 * Reads bodies as they come, and holds no more of them than it may, whoever sends them and however slowly. One that it drops is
 * read to its end all the same: who sends would not look for an answer before.
 */
export class Bodies {
  private held = 0;

  constructor(private readonly limits: BodyLimits) {}

  /** @throws Problem 413 where it is too large, 400 where it breaks off; NoRoomError where too many are read. */
  read(req: IncomingMessage): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      let chunks: Buffer[] = [];
      let [bytes, mine] = [0, 0];
      let dropped: Error | undefined;
      const letGo = () => {
        this.held -= mine;
        mine = 0;
        chunks = [];
      };
      req.on('data', (chunk: Buffer) => {
        bytes += chunk.length;
        if (dropped !== undefined) return;
        if (bytes > this.limits.each) dropped = tooLarge();
        else if (this.held + chunk.length > this.limits.together) dropped = new NoRoomError('too many bodies are read');
        if (dropped !== undefined) return letGo();
        chunks.push(chunk);
        mine += chunk.length;
        this.held += chunk.length;
      });
      req.on('end', () => {
        const [first, ...more] = chunks;
        const body = first !== undefined && more.length === 0 ? first : Buffer.concat(chunks);
        letGo();
        if (dropped === undefined) resolve(body);
        else reject(dropped);
      });
      req.on('error', () => {
        letGo();
        reject(unreadable(400));
      });
    });
  }
}
