/** A seed of this run, said on standard error; `LEASTWISE_TEST_SEED` runs an old one again. */
export function seedOf(test: string): number {
  const given = process.env["LEASTWISE_TEST_SEED"];
  const seed = given === undefined ? Date.now() % 1_000_000 : Number(given);
  process.stderr.write(`${test}: seed ${seed} (LEASTWISE_TEST_SEED=${seed} runs it again)\n`);
  return seed;
}

/** Whole numbers from a seed (mulberry32, by T. Ettinger): the next from `least` to `most`. */
export function draws(seed: number): (least: number, most: number) => number {
  let state = seed >>> 0;
  return (least, most) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return least + (((mixed ^ (mixed >>> 14)) >>> 0) % (most - least + 1));
  };
}
