/** A seeded generator of uniform numbers in [0, 1): mulberry32 (Tommy Ettinger, public domain). */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/**
 * A seed made of several numbers, so that each place where something is drawn has a stream of its own: the finaliser of
 * MurmurHash3 (Austin Appleby, public domain) over each in turn. Neighbours are as far apart as strangers.
 */
export function seedOf(...parts: readonly number[]): number {
  let hash = 0;
  for (const part of parts) {
    hash = (Math.imul(hash, 31) + part + 0x9e3779b9) >>> 0;
    hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
    hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
    hash = (hash ^ (hash >>> 16)) >>> 0;
  }
  return hash;
}
