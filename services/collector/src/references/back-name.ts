/** Bytes of a version's name, which is plain ASCII. */
const VERSION_LENGTH_MAX = 64;

/**
 * The first name for what a version said that was not used yet: `<version>.back-<n>`, shortened to fit. Who goes back to what was gone back to says the
 * same.
 */
export function backName(version: string, isUsed: (name: string) => boolean): string {
  const stem = version.replace(/\.back-\d+$/, "");
  for (let n = 1; ; n += 1) {
    const suffix = `.back-${n}`;
    const name = `${stem.slice(0, VERSION_LENGTH_MAX - suffix.length)}${suffix}`;
    if (!isUsed(name)) return name;
  }
}
