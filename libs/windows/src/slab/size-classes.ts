/** Bytes of a page, which holds blocks of one size class. */
export const PAGE_BYTES = 32_768;

/** Blocks begin at multiples of this, and their addresses count in it: 2^31 of them reach 32 GiB. */
export const GRAIN_BYTES = 16;

const GRAINED_MAX = 256;
const STEPPED_MAX = 4_096;
const STEP = 1.14;
const SPAN_PAGES = [2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128] as const;

/**
 * Bytes of a block of each class, ascending: every grain up to 256 bytes, where most shoppers are; then steps of 14 %,
 * then even parts of a page, then runs of whole pages.
 */
export const CLASS_BYTES: Int32Array = Int32Array.from(classSizes());

/** The class that a block of so many bytes belongs to; −1 if there is none so large. */
export function classFor(bytes: number): number {
  if (bytes <= GRAINED_MAX) return Math.max(0, ((bytes + GRAIN_BYTES - 1) >> 4) - SMALLEST_GRAINS);
  let from = 0;
  let to = CLASS_BYTES.length;
  while (from < to) {
    const middle = (from + to) >>> 1;
    if ((CLASS_BYTES[middle] ?? 0) < bytes) from = middle + 1;
    else to = middle;
  }
  return from === CLASS_BYTES.length ? -1 : from;
}

/** Pages that are taken at once for blocks of a class. */
export function pagesAtOnce(bytes: number): number {
  return Math.ceil(bytes / PAGE_BYTES);
}

const SMALLEST_GRAINS = (CLASS_BYTES[0] ?? 0) >> 4;

function classSizes(): number[] {
  const sizes: number[] = [];
  for (let bytes = 128; bytes <= GRAINED_MAX; bytes += GRAIN_BYTES) sizes.push(bytes);
  for (let bytes = GRAINED_MAX * STEP; bytes < STEPPED_MAX; bytes *= STEP) sizes.push(wholeGrains(bytes));
  for (let parts = 7; parts >= 1; parts -= 1) sizes.push(Math.floor(PAGE_BYTES / parts / GRAIN_BYTES) * GRAIN_BYTES);
  for (const pages of SPAN_PAGES) sizes.push(pages * PAGE_BYTES);
  return sizes;
}

function wholeGrains(bytes: number): number {
  return Math.ceil(bytes / GRAIN_BYTES) * GRAIN_BYTES;
}
