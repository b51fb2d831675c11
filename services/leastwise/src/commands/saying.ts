/** A line on standard output. */
export function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

/** `1 problem`, `2 problems`. */
export function countOf(count: number, of: string): string {
  return `${count} ${of}${count === 1 ? "" : "s"}`;
}
