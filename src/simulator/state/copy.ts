/**
 * A copy of what JSON can say, all the way down. `structuredClone` does the same and much else, for several times the
 * time, and every request copies a dozen objects.
 */
export function copy<T>(value: T): T {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(copy) as T;
  const made: Record<string, unknown> = {};
  for (const key in value) {
    // Somebody's metadata may be called so; set like any other, it would be lost.
    if (key === '__proto__') Object.defineProperty(made, key, { ...OWN, value: copy(value[key]) });
    else made[key] = copy(value[key]);
  }
  return made as T;
}

const OWN = { configurable: true, enumerable: true, writable: true } as const;
