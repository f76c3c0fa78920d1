import type { Params } from '../requests/params.js';
import type { Store } from '../state/store.js';

/** The objects a call is about: what its path names, the intent or charge it names, and the intent of such a charge. */
export function objectsOf(store: Store, account: string, id: string, params: Params): string[] {
  const named = [...id.split('/'), params['payment_intent'], params['charge']].filter(
    (name) => typeof name === 'string' && name !== '',
  );
  const intents = named.map((name) => store.get(account, 'charges', name as string)?.payment_intent);
  const objects = [...named, ...intents].filter((name) => name !== undefined);
  return [...new Set(objects)].map((name) => `${account}/${name}`);
}

/**
 * Which objects calls are in flight on. Stripe documents that some operations lock objects, and not which
 * (docs.stripe.com/rate-limits); here each write has its objects to itself, and reads go side by side.
 */
export class ObjectLocks {
  /** By object: how many reads are in flight, or that a write is. */
  private readonly held = new Map<string, number | 'write'>();

  isFree(objects: readonly string[], write: boolean): boolean {
    return objects.every((object) => {
      const holder = this.held.get(object);
      return holder === undefined || (!write && holder !== 'write');
    });
  }

  /** Takes what {@link isFree} said is free. @returns what lets it go again. */
  take(objects: readonly string[], write: boolean): () => void {
    for (const object of objects) {
      const readers = this.held.get(object);
      this.held.set(object, write || readers === 'write' ? 'write' : (readers ?? 0) + 1);
    }
    return () => {
      for (const object of objects) this.letGo(object);
    };
  }

  private letGo(object: string): void {
    const holder = this.held.get(object);
    if (typeof holder === 'number' && holder > 1) this.held.set(object, holder - 1);
    else this.held.delete(object);
  }
}
