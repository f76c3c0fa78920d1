/** JSON of a row that was made before it was put stands in the row itself: to find it again in a map took nearly as long as to make it. */
const TEXT = Symbol('text');

/** Tells what the row is as JSON, for whoever asks `textOf` it: nobody changes it any more. A copy of it is not told. */
export function keepText(row: object, text: string): void {
  Object.defineProperty(row, TEXT, { value: text });
}

/** What the row is as JSON: made now, where nobody told. */
export function textOf(row: object | null): string {
  return (row as { readonly [TEXT]?: string } | null)?.[TEXT] ?? JSON.stringify(row);
}
