import type { Params } from './recorder.js';
import type { World } from './world.js';

/** What one call sends. */
export interface Request {
  /** What stands in the path's placeholders, in order. */
  readonly ids?: readonly string[];
  readonly params?: Params;
}

/** One call of a journey through everything there is. */
export interface Call {
  /** As Stripe's OpenAPI document writes it: `POST /v1/payment_intents/{intent}/confirm`. */
  readonly route: string;
  /** What it is an example of. */
  readonly title: string;
  /** What it is answered with. */
  readonly status: number;
  /** Makes what it needs first. */
  readonly request: (world: World) => Request | Promise<Request>;
}

/** A call that succeeds. The first one of a route is what the tests of its parameters start from: keep it plain. */
export function call(route: string, title: string, request: Call['request'] = () => ({})): Call {
  return { route, title, status: 200, request };
}

/** A call that is refused with that status. */
export function refused(status: number, route: string, title: string, request: Call['request']): Call {
  return { route, title, status, request };
}

/** The path, with its placeholders filled. @throws where there are fewer ids than placeholders. */
export function pathOf(route: string, ids: readonly string[] = []): string {
  const left = [...ids];
  return route.slice(route.indexOf(' ') + 1).replace(/\{\w+\}/g, () => {
    const id = left.shift();
    if (id === undefined) throw new Error(`${route} lacks an id`);
    return encodeURIComponent(id);
  });
}

export function methodOf(route: string): string {
  return route.slice(0, route.indexOf(' '));
}
