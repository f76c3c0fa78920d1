/** What was asked to be expanded and still stands there as an id, by its path such as `data.latest_charge`. */
export function unexpanded(body: unknown, paths: readonly string[]): string[] {
  return paths.filter((path) => !isExpanded(body, path.split('.')));
}

function isExpanded(value: unknown, [property, ...deeper]: readonly string[]): boolean {
  // What is null has nothing in it to expand.
  if (property === undefined || value === null) return typeof value !== 'string';
  if (Array.isArray(value)) return value.every((item) => isExpanded(item, [property, ...deeper]));
  return typeof value === 'object' && isExpanded((value as Record<string, unknown>)[property] ?? null, deeper);
}
