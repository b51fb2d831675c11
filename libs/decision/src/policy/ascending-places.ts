/** Places, a bit each: gathered in any order and taken in ascending order, each once. One such set serves all decisions, one after the other. */
export class AscendingPlaces {
  readonly #words: Int32Array;

  /** @param count places are below it */
  constructor(count: number) {
    this.#words = new Int32Array((count + 31) >>> 5);
  }

  add(places: readonly number[]): void {
    for (const place of places) this.#words[place >>> 5] = (this.#words[place >>> 5] ?? 0) | (1 << (place & 31));
  }

  /** All that were added since they were last taken. */
  taken(): readonly number[] {
    const places: number[] = [];
    const words = this.#words;
    for (let at = 0; at < words.length; at += 1) {
      let bits = words[at] ?? 0;
      if (bits === 0) continue;
      words[at] = 0;
      while (bits !== 0) {
        const lowest = bits & -bits;
        places.push((at << 5) + 31 - Math.clz32(lowest));
        bits ^= lowest;
      }
    }
    return places;
  }
}
