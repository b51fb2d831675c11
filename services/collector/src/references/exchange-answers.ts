import { checkText, purposeName, type wire } from "@leastwise/contracts";
import { EXCHANGE_GRACE_MS, EXCHANGES_MAX, mayAnswer, type CompiledPolicy } from "@leastwise/decision";
import { invalidArgument, refuse, type RpcRefusal } from "@leastwise/rpc";
import { err, ok, refusal, type Purpose, type Refusal, type Result } from "@leastwise/vocabulary";
import { isOlder } from "./consent-change.js";

const AT = "exchange";
const CAMPAIGN = `${AT}.campaign_id`;
const NAME_BYTES_MAX = 64;
const WORDS_BYTES_MAX = 1_024;

/** What is known of exchanges where one is answered. */
export interface KnownExchanges {
  /** Campaigns of the policy in force that ask for consent; undefined: no policy is in force here. */
  readonly campaigns: CompiledPolicy["exchanges"] | undefined;
  /** False where the log may say something else by now. */
  readonly isSeen: boolean;
  /** When the answer arrived, Unix ms. */
  readonly nowMs: bigint;
}

type Campaign = CompiledPolicy["exchanges"][number];

/**
 * The answers of a shopper after one more, which comes with a consent: the same list where it says nothing new. Each exchange is answered once: the same
 * again is taken and changes nothing of the first, the other way is refused.
 */
export function exchangesAfter(
  { exchanges, consent }: wire.SubjectRecord,
  answer: wire.ExchangeAnswer | undefined,
  stated: wire.Consent,
  known: KnownExchanges,
): Result<wire.AnsweredExchange[], RpcRefusal> {
  if (answer === undefined) return ok(exchanges);
  const malformed = malformation(answer);
  if (malformed !== undefined) return err(invalidArgument(malformed));
  const before = exchanges.find(({ campaignId }) => campaignId === answer.campaignId);
  const campaign = known.campaigns?.find(({ campaignId }) => campaignId === answer.campaignId);
  const refused =
    (before === undefined ? whyNotNow(answer, campaign, known) : whyNotAgain(answer, before)) ??
    (answer.accepted ? whyNotAgreed(consent, stated, campaign) : undefined);
  if (refused !== undefined) return err(refused);
  if (before !== undefined) return ok(exchanges);
  if (exchanges.length >= EXCHANGES_MAX) return err(tooMany(exchanges.length));
  return ok([...exchanges, { ...answer, answeredAtMs: known.nowMs }]);
}

function malformation({ campaignId, decisionId, words }: wire.ExchangeAnswer): Refusal | undefined {
  return (
    checkSaid(campaignId, "campaign_id", NAME_BYTES_MAX) ??
    checkSaid(decisionId, "decision_id", NAME_BYTES_MAX) ??
    checkSaid(words, "words", WORDS_BYTES_MAX)
  );
}

function checkSaid(text: string, field: string, bytesMax: number): Refusal | undefined {
  if (text !== "") return checkText(text, AT, field, bytesMax);
  return refusal("text_missing", `${AT}.${field}`, undefined, `a text of 1 to ${bytesMax} bytes`);
}

function whyNotAgain(
  answer: wire.ExchangeAnswer,
  { accepted, answeredAtMs }: wire.AnsweredExchange,
): RpcRefusal | undefined {
  if (accepted === answer.accepted) return undefined;
  const [came, before] = accepted ? ["declined", "accepted"] : ["accepted", "declined"];
  const expected = `${before}, as at ${instant(Number(answeredAtMs))}: it is answered once`;
  return refuse("FAILED_PRECONDITION", refusal("exchange_answered", `${AT}.accepted`, came, expected));
}

/** A promise is made only where it is known what is promised now; a no takes no more than a campaign that asks. */
function whyNotNow(
  { campaignId, accepted }: wire.ExchangeAnswer,
  campaign: Campaign | undefined,
  { campaigns, isSeen, nowMs }: KnownExchanges,
): RpcRefusal | undefined {
  if (!isSeen && (accepted || campaign === undefined)) return policyUnseen();
  if (campaigns === undefined) return noPolicy();
  if (campaign === undefined) return unknownExchange(campaignId);
  return accepted && !mayAnswer(campaign, Number(nowMs)) ? notRunning(campaign, Number(nowMs)) : undefined;
}

function policyUnseen(): RpcRefusal {
  const expected = "a collector that knows what the topic policy says now: send the same again";
  return refuse("UNAVAILABLE", refusal("policy_unseen", AT, "an answer", expected));
}

function noPolicy(): RpcRefusal {
  const expected = "a policy in force: send the same again once there is one";
  return refuse("UNAVAILABLE", refusal("no_policy", AT, "an answer", expected));
}

function unknownExchange(campaignId: string): RpcRefusal {
  const expected = "a campaign with a consent_exchange of the policy in force";
  return invalidArgument(refusal("unknown_exchange", CAMPAIGN, campaignId, expected));
}

function notRunning({ campaignId, startsAtMs, endsAtMs }: Campaign, nowMs: number): RpcRefusal {
  const [reason, expected] =
    nowMs < startsAtMs
      ? ["exchange_not_begun", `a campaign that has begun: this one does at ${instant(startsAtMs)}`]
      : ["exchange_over", `one that may be accepted still: this one could before ${lastInstant(endsAtMs)}`];
  return refuse("FAILED_PRECONDITION", refusal(reason, CAMPAIGN, campaignId, expected));
}

function lastInstant(endsAtMs: number): string {
  return `${instant(endsAtMs + EXCHANGE_GRACE_MS)}, a day after its end`;
}

/** What is accepted is agreed to with all that it asks for, by a consent that comes into force. */
function whyNotAgreed(
  kept: wire.Consent | undefined,
  stated: wire.Consent,
  campaign: Campaign | undefined,
): RpcRefusal | undefined {
  if (kept !== undefined && isOlder(stated, kept)) return consentOlder(stated, kept);
  const agreed = new Set(stated.purposes.map(purposeName));
  const missing = campaign?.exchange?.purposes.filter((purpose) => !agreed.has(purpose)) ?? [];
  return missing.length === 0 ? undefined : purposesMissing(missing);
}

function consentOlder(stated: wire.Consent, kept: wire.Consent): RpcRefusal {
  const expected = `none, or ${kept.statedAtMs} or later, as the consent that stands was stated`;
  return refuse("FAILED_PRECONDITION", refusal("consent_older", "consent.stated_at_ms", stated.statedAtMs, expected));
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

/** Instants beyond the calendar are told as they are. */
function instant(ms: number): string {
  const date = new Date(ms);
  return Number.isNaN(date.getTime()) ? String(ms) : date.toISOString();
}
