import {
  channelName,
  checkOptionalId,
  checkPlace,
  checkText,
  deviceName,
  parsePosition,
  readCart,
  readSubjectRef,
  type LogPosition,
  type RawIds,
  type ReadCart,
  type wire,
} from "@leastwise/contracts";
import type { Place } from "@leastwise/decision";
import { DAY_MS, err, isPlaceCode, ok, refusal, type Refusal, type Result } from "@leastwise/vocabulary";

/** Longest wait for `after`, ms. */
export const AFTER_WAIT_MAX_MS = 1_000;

/** Longest request id and longest name of a caller, bytes: the two are kept with every answer. */
const REQUEST_ID_BYTES_MAX = 255;
const CALLER_BYTES_MAX = 64;
const PARTNER_SEGMENTS_MAX = 16;
const PARTNER_SEGMENT_BYTES_MAX = 64;
/** A name of a class that a device proposes. */
const CLASS_BYTES_MAX = 64;

/** A Decide as it is understood: checked, defaults filled in. */
export interface DecideCall {
  readonly ids: RawIds;
  readonly caller: string;
  /** Empty: the episode and the cart identify the call. */
  readonly requestId: string;
  readonly sessionId: string;
  readonly cart: ReadCart;
  /** Empty: the last one known. */
  readonly channel: string;
  readonly device: string;
  readonly place: Place;
  /** Groups that partners say the shopper is in. */
  readonly partnerSegments: readonly string[];
  /** Empty: the device proposes none. */
  readonly proposedClass: string;
  /** What the windows must have seen; undefined: whatever is there. */
  readonly after: LogPosition | undefined;
  readonly afterWaitMs: number;
  /** Most that what is known of the shopper may lag and be read; undefined: however far. */
  readonly maxLagMs: number | undefined;
  readonly language: string;
  /** Token of an offer that the shopper was shown; empty: none. */
  readonly offerToken: string;
}

/**
 * Reads a Decide. Reasons: those of ids, texts, cart and position, and `country_malformed`, `country_unknown`, `country_missing`, `region_malformed`,
 * `wait_out_of_range`, `lag_out_of_range`, `too_many_names`.
 */
export function readDecide(request: wire.DecideRequest, afterWaitDefaultMs: number): Result<DecideCall, Refusal> {
  const ids = readSubjectRef(request.subject);
  if (!ids.ok) return ids;
  const cart = readCart(request.cart, "cart");
  if (!cart.ok) return cart;
  const after = request.after === "" ? undefined : parsePosition(request.after);
  if (after?.ok === false) return after;
  const refused = checkTexts(request) ?? checkWait(request.maxWaitMs) ?? checkLag(request.maxLagMs);
  if (refused !== undefined) return err(refused);
  return ok({
    ids: ids.value,
    caller: request.caller === "" ? "default" : request.caller,
    requestId: request.requestId,
    sessionId: request.sessionId,
    cart: cart.value,
    channel: channelName(request.channel) ?? "",
    device: deviceName(request.device) ?? "",
    place: { country: request.place?.country ?? "", region: request.place?.region ?? "" },
    partnerSegments: request.partnerSegments,
    proposedClass: request.proposedClass,
    after: after?.value,
    afterWaitMs: request.maxWaitMs ?? afterWaitDefaultMs,
    maxLagMs: request.maxLagMs === undefined ? undefined : Number(request.maxLagMs),
    language: request.language === "" ? "en" : request.language,
    offerToken: request.offerToken,
  });
}

function checkTexts(request: wire.DecideRequest): Refusal | undefined {
  return (
    checkText(request.requestId, "", "request_id", REQUEST_ID_BYTES_MAX) ??
    checkText(request.caller, "", "caller", CALLER_BYTES_MAX) ??
    checkOptionalId(request.sessionId, "", "session_id") ??
    checkOptionalId(request.language, "", "language") ??
    (request.place === undefined ? undefined : checkWhereItIs(request.place)) ??
    checkText(request.proposedClass, "", "proposed_class", CLASS_BYTES_MAX) ??
    checkPartnerSegments(request.partnerSegments)
  );
}

/** Sharper than of an event: a place that no jurisdiction fits takes away what the shopper is to be told by law. */
function checkWhereItIs(place: wire.Place): Refusal | undefined {
  const { country, region } = place;
  const refused = checkPlace(place, "place");
  if (refused !== undefined) return refused;
  const expected = "an ISO 3166-1 code, such as GB or GR";
  if (country !== "" && !isPlaceCode(country)) return refusal("country_unknown", "place.country", country, expected);
  if (country !== "" || region === "") return undefined;
  return refusal("country_missing", "place.country", undefined, `the country that the region ${region} is of`);
}

function checkPartnerSegments(segments: readonly string[]): Refusal | undefined {
  if (segments.length > PARTNER_SEGMENTS_MAX)
    return refusal("too_many_names", "partner_segments", segments.length, `at most ${PARTNER_SEGMENTS_MAX}`);
  for (const [index, segment] of segments.entries()) {
    const field = `partner_segments[${index}]`;
    const refused =
      segment === ""
        ? refusal("id_missing", field, undefined, `a name of 1 to ${PARTNER_SEGMENT_BYTES_MAX} bytes`)
        : checkText(segment, "", field, PARTNER_SEGMENT_BYTES_MAX);
    if (refused !== undefined) return refused;
  }
  return undefined;
}

function checkLag(lagMs: bigint | undefined): Refusal | undefined {
  if (lagMs === undefined || (lagMs >= 0n && lagMs <= BigInt(DAY_MS))) return undefined;
  return refusal("lag_out_of_range", "max_lag_ms", lagMs, `0 to ${DAY_MS} ms`);
}

function checkWait(waitMs: number | undefined): Refusal | undefined {
  if (waitMs === undefined || (waitMs >= 0 && waitMs <= AFTER_WAIT_MAX_MS)) return undefined;
  return refusal("wait_out_of_range", "max_wait_ms", waitMs, `0 to ${AFTER_WAIT_MAX_MS} ms`);
}
