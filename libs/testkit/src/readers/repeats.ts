import type { wire } from "@leastwise/contracts";

/** Event ids that came before, by shopper. Holds one entry an id, for as long as a file is read. */
export class Repeats {
  readonly #shopperOf = new Map<string, string | Set<string>>();

  /**
   * What is remarkable about the event's id: `duplicates` if the shopper had it before, `conflicts` if only others had,
   * `without_event_id` if there is none.
   */
  see({ eventId, userId, anonymousId }: wire.Event): "duplicates" | "conflicts" | "without_event_id" | undefined {
    if (eventId === "") return "without_event_id";
    const shopper = userId === "" ? `anonymous/${anonymousId}` : `user/${userId}`;
    const before = this.#shopperOf.get(eventId);
    if (before === undefined) {
      this.#shopperOf.set(eventId, shopper);
      return undefined;
    }
    if (before === shopper) return "duplicates";
    if (typeof before === "string") {
      this.#shopperOf.set(eventId, new Set([before, shopper]));
      return "conflicts";
    }
    if (before.has(shopper)) return "duplicates";
    before.add(shopper);
    return "conflicts";
  }
}
