/**
 * The ids of a table's rows by what one field of them says. Most values have one row, which takes no set of its own; rows
 * whose field says nothing (null) are not looked for by it, and not kept.
 */
export class RowIndex {
  private readonly ids = new Map<unknown, string | Set<string>>();

  add(value: unknown, id: string): void {
    if (value === null || value === undefined) return;
    const known = this.ids.get(value);
    if (known === undefined) this.ids.set(value, id);
    else if (typeof known === 'string') this.ids.set(value, new Set([known, id]));
    else known.add(id);
  }

  remove(value: unknown, id: string): void {
    const known = this.ids.get(value);
    if (known === id) this.ids.delete(value);
    if (!(known instanceof Set)) return;
    known.delete(id);
    if (known.size === 0) this.ids.delete(value);
  }

  /** In no order. */
  of(value: unknown): string[] {
    const known = this.ids.get(value);
    if (known === undefined) return [];
    return typeof known === 'string' ? [known] : [...known];
  }
}
