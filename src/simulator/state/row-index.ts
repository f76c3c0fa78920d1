/** Ids that are kept as a list: beyond it, to find one takes too long. */
const LISTED = 8;

/**
 * The ids of a table's rows by what one field of them says. Most values have one row, which takes no collection, and few
 * have many; rows whose field says nothing (null) are not looked for by it, and not kept.
 */
export class RowIndex {
  private readonly ids = new Map<unknown, string | string[] | Set<string>>();

  add(value: unknown, id: string): void {
    if (value === null || value === undefined) return;
    const known = this.ids.get(value);
    if (known === undefined) this.ids.set(value, id);
    else if (typeof known === 'string') this.ids.set(value, [known, id]);
    else if (known instanceof Set) known.add(id);
    else if (known.push(id) > LISTED) this.ids.set(value, new Set(known));
  }

  remove(value: unknown, id: string): void {
    const known = this.ids.get(value);
    if (known === id) this.ids.delete(value);
    if (known === undefined || typeof known === 'string') return;
    if (known instanceof Set) known.delete(id);
    else if (known.includes(id)) known.splice(known.indexOf(id), 1);
    if ((known instanceof Set ? known.size : known.length) === 0) this.ids.delete(value);
  }

  /** In no order. */
  of(value: unknown): string[] {
    const known = this.ids.get(value);
    if (known === undefined) return [];
    return typeof known === 'string' ? [known] : [...known];
  }
}
