import { refusal, type Refusal } from "@leastwise/vocabulary";
import type { wire } from "@leastwise/contracts";

/**
 * What a step made of an event: it goes on (`ok`), it is not taken and only its sender hears why (`drop`), or it is not taken
 * and also kept for people to look at (`dead_letter`).
 */
export type Step<T> =
  | { readonly kind: "ok"; readonly value: T }
  | { readonly kind: "drop"; readonly refusal: Refusal }
  | { readonly kind: "dead_letter"; readonly refusal: Refusal; readonly event: wire.Event | undefined };

/** One event of a request as a door read it. */
export type Incoming =
  | {
      readonly kind: "read";
      readonly event: wire.Event;
      /** Path of the event in its request; empty if it is the request. */
      readonly at: string;
      /** Remarks of the door. */
      readonly warnings: readonly string[];
    }
  | { readonly kind: "unread"; readonly refusal: Refusal; readonly isDeadLetter: boolean };

/** An event that a door could read. */
export function readAs(event: wire.Event, at: string, warnings: readonly string[] = []): Incoming {
  return { kind: "read", event, at, warnings };
}

/** An event that a door could not read, or that says nothing to us. */
export function unread(reason: string, field: string, came: unknown, expected: string): Incoming {
  return { kind: "unread", refusal: refusal(reason, field, came, expected), isDeadLetter: false };
}
