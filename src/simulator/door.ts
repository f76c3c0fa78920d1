import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A port that is held before there is anybody to answer: who knocks early waits. */
export class Door {
  private readonly server: Server;
  private readonly early: [IncomingMessage, ServerResponse][] = [];
  private answer: RequestListener | undefined;

  private constructor() {
    this.server = createServer((req, res) => {
      if (this.answer === undefined) this.early.push([req, res]);
      else this.answer(req, res);
    });
  }

  /** @param port where it listens; 0 for any. @throws when it is taken. */
  static async hold(port: number, host: string): Promise<Door> {
    const door = new Door();
    await new Promise<void>((resolve, reject) => {
      door.server.once('error', reject);
      door.server.listen(port, host, resolve);
    });
    return door;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  open(answer: RequestListener): void {
    this.answer = answer;
    for (const [req, res] of this.early.splice(0)) answer(req, res);
  }

  /** Takes the port back, and cuts off whoever is there. */
  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.server.close(resolve));
    this.server.closeAllConnections();
    await closed;
  }
}
