import type { SubjectHasher, wire } from "@leastwise/contracts";
import type { SubjectId } from "@leastwise/vocabulary";

/** An event whose raw ids are gone. At least one of the two subjects is there. */
export interface IdentifiedEvent {
  /** With `anonymousId` and `userId` empty. */
  readonly event: wire.Event;
  readonly anonymous: SubjectId | undefined;
  readonly known: SubjectId | undefined;
}

/** Puts subjects in the place of raw ids. Nothing after this step has seen one. */
export function identify(event: wire.Event, hasher: SubjectHasher): IdentifiedEvent {
  const { anonymousId, userId } = event;
  return {
    event: { ...event, anonymousId: "", userId: "" },
    anonymous: anonymousId === "" ? undefined : hasher.anonymous(anonymousId),
    known: userId === "" ? undefined : hasher.known(userId),
  };
}
