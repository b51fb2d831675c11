import {
  checkId,
  codeIn,
  isOfferToken,
  moneyToWire,
  offerToWire,
  readCart,
  readSubjectRef,
  wire,
  type OfferTokens,
  type RawIds,
  type ReadCart,
  type SubjectHasher,
  type WrittenCart,
} from "@leastwise/contracts";
import { useRules } from "@leastwise/decision";
import {
  actOf,
  readCode,
  redeem,
  replay,
  validate,
  type NamedSubjects,
  type OfferRefusal,
  type OfferState,
  type OfferTerms,
  type OfferUse,
  type RedeemOutcome,
} from "@leastwise/offers";
import type { Catalog, LinkBook, Policies } from "@leastwise/references";
import {
  defineService,
  invalidArgument,
  refuse,
  traceparentOf,
  unimplemented,
  type RpcRefusal,
  type RpcService,
} from "@leastwise/rpc";
import type { Telemetry } from "@leastwise/telemetry";
import { err, ok, refusal, type Clock, type Refusal, type Result } from "@leastwise/vocabulary";
import { bestStackOf } from "./best-stack-call.js";
import type { BookedOffer } from "./book.js";
import type { Ledger, NotRedeemed } from "./ledger.js";
import { offerSubject } from "./offer-subject.js";
import type { Led } from "./own-records.js";
import { sharesToWire, wantedToWire } from "./recorded.js";

export interface OfferServiceOptions {
  readonly ledger: Ledger;
  readonly hasher: SubjectHasher;
  readonly links: Pick<LinkBook, "linkOf">;
  readonly policies: Policies;
  readonly catalog: Catalog;
  readonly clock: Clock;
  readonly telemetry: Telemetry;
  /** Reads the tokens that stand for codes. */
  readonly tokens: OfferTokens;
}

/** What every shopper hears of a code that is not taken, so that nobody learns which codes there are. */
const NEUTRAL_MESSAGE = "This code cannot be used for this order.";

const IDEMPOTENCY_KEY_BYTES_MAX = 255;

/** The doors of the offers' life. */
export function offerService(options: OfferServiceOptions): RpcService {
  const counted = (method: "Redeem" | "Get" | "BestStack", refused: RpcRefusal) => {
    options.telemetry.metrics.offerRefusals.with({ method, reason: refused.refusal.reason }).add();
    return err(refused);
  };
  return defineService(wire.OfferServiceService, {
    validate: (request) => Promise.resolve(validateCode(options, request)),
    redeem: async (request, context) => {
      const answer = await redeemCode(options, request, { traceparent: traceparentOf(context) });
      return answer.ok ? answer : counted("Redeem", answer.error);
    },
    get: (request) => {
      const got = getOffer(options, request.code);
      return Promise.resolve(got.ok ? got : counted("Get", got.error));
    },
    bestStack: (request) => {
      const answer = bestStackOf(options, request);
      return Promise.resolve(answer.ok ? answer : counted("BestStack", invalidArgument(answer.error)));
    },
    reserve: () => Promise.resolve(err(unimplemented("OfferService.Reserve"))),
    release: () => Promise.resolve(err(unimplemented("OfferService.Release"))),
    refund: () => Promise.resolve(err(unimplemented("OfferService.Refund"))),
  });
}

function validateCode(
  options: OfferServiceOptions,
  request: wire.ValidateRequest,
): Result<wire.ValidateResponse, RpcRefusal> {
  const read = readUse(request);
  if (!read.ok) return err(invalidArgument(read.error));
  const invalid = (reason: string): wire.ValidateResponse => {
    options.telemetry.metrics.offerRefusals.with({ method: "Validate", reason }).add();
    return { valid: false, reason, message: NEUTRAL_MESSAGE, discount: undefined, shares: [], wanted: undefined };
  };
  const found = findOffer(options, request.code);
  if (!found.ok) return found.error.code === "NOT_FOUND" ? ok(invalid(found.error.refusal.reason)) : found;
  const used = validate(useOf(options, found.value, read.value), found.value.state);
  if (!used.ok) return ok(invalid(used.error.reason));
  if (mayBeRedeemed(options.ledger, found.value)) return ok(invalid("redemption_in_doubt"));
  const terms = termsOf(found.value.state);
  const discount = moneyToWire({ minor: used.value.discountMinor, currency: terms.currency });
  const shares = sharesToWire(used.value, terms);
  return ok({ valid: true, reason: "", message: "", discount, shares, wanted: wantedToWire(used.value, terms) });
}

async function redeemCode(
  options: OfferServiceOptions,
  request: wire.RedeemRequest,
  led: Led,
): Promise<Result<wire.RedeemResponse, RpcRefusal>> {
  const read = readUse(request);
  if (!read.ok) return err(invalidArgument(read.error));
  const refused = checkId(request.orderId, "", "order_id") ?? checkKey(request.idempotencyKey);
  if (refused !== undefined) return err(invalidArgument(refused));
  const found = findOffer(options, request.code);
  if (!found.ok) return found;
  const { subject } = termsOf(found.value.state);
  return options.ledger.exclusively(subject, () => redeemAlone(options, request, read.value, led));
}

/** Nobody else acts on the subject now: what the book says holds until the answer. */
async function redeemAlone(
  options: OfferServiceOptions,
  request: wire.RedeemRequest,
  read: ReadUse,
  led: Led,
): Promise<Result<wire.RedeemResponse, RpcRefusal>> {
  const found = findOffer(options, request.code);
  if (!found.ok) return found;
  // From here to the ledger's taking the event nothing is awaited: what the book says of the order holds until the order is taken.
  const redeemed = outcomeOf(options, found.value, request, read);
  if (!redeemed.ok) return err(refusalOf(redeemed.error));
  const [event] = redeemed.value.events;
  const written = event === undefined ? undefined : await options.ledger.redeemed(event, led);
  if (written?.ok === false) return err(notWritten(written.error));
  const redemption = written?.value.redemption ?? redeemed.value.redemption;
  const terms = termsOf(found.value.state);
  return ok({
    offer: offerToWire(terms, wire.OfferStatus.OFFER_STATUS_REDEEMED),
    discount: moneyToWire({ minor: redemption.discountMinor, currency: terms.currency }),
    shares: sharesToWire(redemption, terms),
    replayed: redeemed.value.replayed,
    wanted: wantedToWire(redemption, terms),
  });
}

/**
 * What a redemption comes to. One that was answered, or is in doubt, comes to what it was when it was first asked for, whatever logins, the
 * clock, the catalog and the policy say by now: its record stands on the log or may stand there, and no refusal would be true.
 */
function outcomeOf(
  options: OfferServiceOptions,
  booked: BookedOffer,
  { orderId, idempotencyKey }: wire.RedeemRequest,
  read: ReadUse,
): RedeemOutcome {
  const { ledger, hasher } = options;
  const { state } = booked;
  const asked = { named: namedBy(hasher, read.ids), orderId, cart: read.cart, idempotencyKey };
  const act = actOf(asked);
  const answered = replay(act, state);
  if (answered !== undefined) return answered;
  const doubted = ledger.doubted(termsOf(state).offerId, act);
  if (doubted !== undefined) return ok({ events: [doubted], redemption: doubted.redemption, replayed: false });
  const offerOnOrder = ledger.offerOnOrder(orderId);
  return redeem({ ...useOf(options, booked, read), ...asked, offerOnOrder }, state);
}

function namedBy(hasher: SubjectHasher, { userId, anonymousId }: RawIds): NamedSubjects {
  return {
    known: userId === undefined ? undefined : hasher.known(userId),
    anonymous: anonymousId === undefined ? undefined : hasher.anonymous(anonymousId),
  };
}

interface ReadUse {
  readonly ids: RawIds;
  readonly cart: ReadCart;
}

function readUse(request: Pick<wire.RedeemRequest, "subject"> & WrittenCart): Result<ReadUse, Refusal> {
  const ids = readSubjectRef(request.subject);
  if (!ids.ok) return ids;
  const cart = readCart(request, "");
  return cart.ok ? ok({ ids: ids.value, cart: cart.value }) : cart;
}

/** @param text the code as typed, or a token of the offer */
function findOffer({ ledger, tokens }: OfferServiceOptions, text: string): Result<BookedOffer, RpcRefusal> {
  const code = isOfferToken(text) ? codeOfToken(tokens, text) : readCode(text);
  if (!code.ok) return err(invalidArgument(code.error));
  const booked = ledger.offerOfCode(code.value.canonical);
  if (booked !== undefined) return ok(booked);
  return err(
    refuse("NOT_FOUND", refusal("unknown_code", "code", "a code that nobody was given", "a code that was issued")),
  );
}

/** Of a token that was made with another version of the key its word is taken: the code in it is the secret that counts. */
function codeOfToken(tokens: OfferTokens, token: string): ReturnType<typeof readCode> {
  const read = tokens.read(token, "code");
  if (!read.ok && read.error.reason !== "token_key_unknown") return read;
  return readCode(codeIn(token) ?? "");
}

function useOf(options: OfferServiceOptions, booked: BookedOffer, { ids, cart }: ReadUse): OfferUse {
  const { policies, catalog, clock } = options;
  const terms = termsOf(booked.state);
  const policy = policies.version(booked.policyVersion);
  if (policy === undefined) throw new Error(`policy ${booked.policyVersion} issued an offer and is not on the log`);
  const on = {
    ...{ cart, nowMs: clock.nowMs() },
    catalog: cart.lines.flatMap(({ productId }) => catalog.row(productId) ?? []),
  };
  return {
    subject: offerSubject(options, ids, terms),
    ...on,
    ...useRules(policy.compiled, terms.campaignId, on),
  };
}

function termsOf(state: OfferState): OfferTerms {
  if (state.status === "unknown") throw new Error("the book has no unknown offers");
  return state.terms;
}

const STATUSES = {
  issued: wire.OfferStatus.OFFER_STATUS_ISSUED,
  reserved: wire.OfferStatus.OFFER_STATUS_RESERVED,
  redeemed: wire.OfferStatus.OFFER_STATUS_REDEEMED,
  refunded: wire.OfferStatus.OFFER_STATUS_REFUNDED,
  expired: wire.OfferStatus.OFFER_STATUS_EXPIRED,
  revoked: wire.OfferStatus.OFFER_STATUS_REVOKED,
} as const;

function getOffer(options: OfferServiceOptions, code: string): Result<wire.Offer, RpcRefusal> {
  const found = findOffer(options, code);
  if (!found.ok) return found;
  return mayBeRedeemed(options.ledger, found.value)
    ? err(notWritten("redemption_in_doubt"))
    : ok(offerAsItStands(found.value.state));
}

/** Whether an offer that the book has as issued may be used by now: then neither is true of it. */
function mayBeRedeemed(ledger: Ledger, { state }: BookedOffer): boolean {
  return state.status === "issued" && ledger.mayBeRedeemed(state.terms.offerId);
}

function offerAsItStands(state: OfferState): wire.Offer {
  if (state.status === "unknown") throw new Error("the book has no unknown offers");
  return offerToWire(state.terms, STATUSES[state.status]);
}

function refusalOf(refused: OfferRefusal): RpcRefusal {
  switch (refused.reason) {
    case "unknown_code":
      return refuse("NOT_FOUND", refused);
    case "idempotency_mismatch":
      return refuse("ALREADY_EXISTS", refused);
    default:
      return refuse("FAILED_PRECONDITION", {
        ...refused,
        came: refused.reason === "foreign_subject" ? "another" : refused.came,
      });
  }
}

function notWritten(why: NotRedeemed): RpcRefusal {
  switch (why) {
    case "log_unavailable": {
      const expected = "a log that takes records; the same idempotency key says later whether it was used";
      return refuse("UNAVAILABLE", refusal(why, "", "a log that did not answer", expected));
    }
    case "owner_changing": {
      const expected = "the same call soon: the shopper's partition gets another owner, and nothing was used";
      return refuse("UNAVAILABLE", refusal(why, "", "a call while the owner changes", expected));
    }
    case "redemption_in_doubt": {
      const expected =
        "the idempotency key and order of the redemption that got no answer, or another try in a few minutes";
      return refuse("UNAVAILABLE", refusal(why, "code", "a code that may be used already", expected));
    }
  }
}

function checkKey(key: string): Refusal | undefined {
  if (key !== "" && Buffer.byteLength(key) <= IDEMPOTENCY_KEY_BYTES_MAX) return undefined;
  const came = key === "" ? undefined : `${Buffer.byteLength(key)} bytes`;
  return refusal(key === "" ? "id_missing" : "id_too_long", "idempotency_key", came, "1 to 255 bytes");
}
