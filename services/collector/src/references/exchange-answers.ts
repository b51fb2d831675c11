import { checkText, purposeName, type wire } from "@leastwise/contracts";
import { EXCHANGES_MAX, type CompiledPolicy } from "@leastwise/decision";
import { invalidArgument, refuse, type RpcRefusal } from "@leastwise/rpc";
import { err, ok, refusal, type Purpose, type Refusal, type Result } from "@leastwise/vocabulary";

const AT = "exchange";
const NAME_BYTES_MAX = 64;
const WORDS_BYTES_MAX = 1_024;

/** Reads what a shopper says to an exchange; undefined: nothing. Reasons: `text_missing`, `text_too_long`, `invalid_text`. */
export function readExchangeAnswer(
  answer: wire.ExchangeAnswer | undefined,
): Result<wire.ExchangeAnswer | undefined, Refusal> {
  const refused =
    answer &&
    (checkSaid(answer.campaignId, "campaign_id", NAME_BYTES_MAX) ??
      checkSaid(answer.decisionId, "decision_id", NAME_BYTES_MAX) ??
      checkSaid(answer.words, "words", WORDS_BYTES_MAX));
  return refused === undefined ? ok(answer) : err(refused);
}

function checkSaid(text: string, field: string, bytesMax: number): Refusal | undefined {
  if (text !== "") return checkText(text, AT, field, bytesMax);
  return refusal("text_missing", `${AT}.${field}`, undefined, `a text of 1 to ${bytesMax} bytes`);
}

/**
 * The answers of a shopper after one more, which comes with a consent: the same list where it says nothing new. Each exchange is answered once: the same
 * again is taken and changes nothing of the first, the other way is refused.
 *
 * @param campaigns those of the policy in force that ask for consent
 */
export function exchangesAfter(
  kept: wire.AnsweredExchange[],
  answer: wire.ExchangeAnswer | undefined,
  { purposes, statedAtMs }: wire.Consent,
  campaigns: CompiledPolicy["exchanges"],
): Result<wire.AnsweredExchange[], RpcRefusal> {
  if (answer === undefined) return ok(kept);
  const { campaignId, accepted } = answer;
  const before = kept.find((one) => one.campaignId === campaignId);
  if (before !== undefined && before.accepted !== accepted) return err(answeredBefore(before));
  const asked = campaigns.find((campaign) => campaign.campaignId === campaignId)?.exchange?.purposes;
  if (before === undefined && asked === undefined) return err(unknownExchange(campaignId));
  const agreed = new Set(purposes.map(purposeName));
  const missing = accepted ? (asked ?? []).filter((purpose) => !agreed.has(purpose)) : [];
  if (missing.length > 0) return err(purposesMissing(missing));
  if (before !== undefined) return ok(kept);
  if (kept.length >= EXCHANGES_MAX) return err(tooMany(kept.length));
  return ok([...kept, { ...answer, answeredAtMs: statedAtMs }]);
}

function answeredBefore({ accepted, answeredAtMs }: wire.AnsweredExchange): RpcRefusal {
  const came = accepted ? "declined" : "accepted";
  const expected = `${accepted ? "accepted" : "declined"}, as at ${new Date(Number(answeredAtMs)).toISOString()}: it is answered once`;
  return refuse("FAILED_PRECONDITION", refusal("exchange_answered", `${AT}.accepted`, came, expected));
}

function unknownExchange(campaignId: string): RpcRefusal {
  const expected = "a campaign with a consent_exchange of the policy in force";
  return invalidArgument(refusal("unknown_exchange", `${AT}.campaign_id`, campaignId, expected));
}

function purposesMissing(missing: readonly Purpose[]): RpcRefusal {
  const expected = "a consent to all that the exchange asks for";
  return invalidArgument(
    refusal("exchange_purposes_missing", "consent.purposes", `none to ${missing.join(", ")}`, expected),
  );
}

function tooMany(count: number): RpcRefusal {
  const expected = `a shopper who has answered fewer than ${EXCHANGES_MAX}`;
  return refuse("FAILED_PRECONDITION", refusal("too_many_exchanges", AT, `${count} answers before`, expected));
}
