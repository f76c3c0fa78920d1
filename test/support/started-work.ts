import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Client, WorkflowExecutionAlreadyStartedError, WorkflowNotFoundError } from '@temporalio/client';
import express, { type Router } from 'express';
import pino from 'pino';
import { problemHandler } from '../../src/api/errors.js';
import { ApiClient } from './api-client.js';

interface Started {
  readonly memo: Record<string, unknown>;
  readonly args?: readonly unknown[];
}

/** Temporal, as far as batches and jobs need it: each is there from its start on, and has ended as is said. */
export class StartedWork {
  readonly started = new Map<string, Started>();

  /** @param result with which each has ended. @param startedAtMs when each was started, Unix ms. */
  constructor(
    public result: object,
    private readonly startedAtMs: number,
  ) {}

  get client(): Client {
    const described = (id: string) => {
      const found = this.started.get(id);
      if (found === undefined) throw new WorkflowNotFoundError('none', id, undefined);
      return { ...found, runId: 'run', startTime: new Date(this.startedAtMs), status: { name: 'COMPLETED' } };
    };
    const client = {
      connection: { withDeadline: (_: number, call: () => unknown) => call() },
      workflow: {
        start: async (_: unknown, { workflowId, memo, args }: Started & { workflowId: string }) => {
          if (this.started.has(workflowId)) {
            throw new WorkflowExecutionAlreadyStartedError('taken', workflowId, 'work');
          }
          this.started.set(workflowId, { memo, ...(args && { args }) });
        },
        getHandle: (id: string) => ({
          describe: async () => described(id),
          result: async () => this.result,
        }),
      },
    };
    return client as unknown as Client;
  }
}

/** Routes of the API by themselves, spoken to over HTTP. */
export class ServedRoutes {
  private readonly servers: Server[] = [];

  async serve(routes: Router): Promise<ApiClient> {
    const server = createServer(express().use('/v1', routes, problemHandler(pino({ enabled: false }))));
    this.servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return new ApiClient(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  }

  close(): void {
    for (const server of this.servers) server.close();
  }
}
