/** Rows of cells as lines of text, each column as wide as its widest cell: the first to the left, the others to the right. */
export function table(rows: readonly (readonly string[])[]): string[] {
  const columns = Math.max(0, ...rows.map((row) => row.length));
  const widths = Array.from({ length: columns }, (_, nth) => Math.max(...rows.map((row) => (row[nth] ?? '').length)));
  return rows.map((row) =>
    widths
      .map((width, nth) => (nth === 0 ? (row[nth] ?? '').padEnd(width) : (row[nth] ?? '').padStart(width)))
      .join('  ')
      .trimEnd(),
  );
}

/** A number as a person reads it: three digits that mean something, no more. "-" where there is none. */
export function figure(value: number): string {
  if (!Number.isFinite(value)) return '-';
  if (Math.abs(value) >= 99.95) return value.toFixed(0);
  return value.toFixed(Math.abs(value) >= 9.995 ? 1 : 2);
}
