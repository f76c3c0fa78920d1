/** Rows as one parameter, whatever their number; `json_to_recordset` takes them apart again. */
export function asJson(rows: readonly object[]): string {
  return JSON.stringify(rows);
}

/** A time as JSON carries it into a timestamp, from Unix ms. */
export function timestamp(ms: number): string {
  return new Date(ms).toISOString();
}

/** The last of each key, where the first stood: one statement touches no row twice. */
export function lastOfEach<Row>(rows: readonly Row[], keyOf: (row: Row) => string): Row[] {
  return [...new Map(rows.map((row) => [keyOf(row), row])).values()];
}
