/** Ids that are remembered of a shopper: what the windows remember at least (DESIGN §4). */
const IDS_MAX = 128;

/** The last event ids of each shopper. */
export class RecentIds {
  readonly #ids = new Map<string, Set<string>>();

  /** True if the shopper had the id among the last 128; else it is remembered now. */
  seenBefore(shopper: string, eventId: string): boolean {
    const ids = this.#ids.get(shopper) ?? new Set<string>();
    if (ids.has(eventId)) return true;
    this.#ids.set(shopper, ids.add(eventId));
    if (ids.size > IDS_MAX) {
      for (const oldest of ids) {
        ids.delete(oldest);
        break;
      }
    }
    return false;
  }
}
