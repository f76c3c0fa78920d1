/** Counts by name and labels, for what must be countable from the start: ignored events, metered requests. */
export class Counters {
  private readonly counts = new Map<string, number>();

  /** Adds to `name` with these labels, by default one. Labels must be bounded: no ids, no amounts. */
  add(name: string, labels: Readonly<Record<string, string>> = {}, by = 1): void {
    const key = format(name, labels);
    this.counts.set(key, (this.counts.get(key) ?? 0) + by);
  }

  get(name: string, labels: Readonly<Record<string, string>> = {}): number {
    return this.counts.get(format(name, labels)) ?? 0;
  }

  /** Prometheus' text format, every series a counter. */
  render(): string {
    const names = new Set([...this.counts.keys()].map((key) => key.replace(/\{.*$/, '')));
    const lines: string[] = [];
    for (const name of [...names].sort()) {
      lines.push(`# TYPE ${name} counter`);
      for (const [key, count] of this.counts)
        if (key === name || key.startsWith(`${name}{`)) lines.push(`${key} ${count}`);
    }
    return `${lines.join('\n')}\n`;
  }
}

function format(name: string, labels: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1));
  if (pairs.length === 0) return name;
  return `${name}{${pairs.map(([k, v]) => `${k}="${v.replace(/["\\\n]/g, '_')}"`).join(',')}}`;
}
