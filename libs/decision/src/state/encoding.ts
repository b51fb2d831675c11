import { err, ok, refusal, type Refusal, type Result } from "@leastwise/vocabulary";
import { canonicalJson } from "../canonical-json.js";
import type { DataAges, DecisionInput } from "../input.js";
import type { CompiledPolicy } from "../policy/compile.js";
import { consentStep, type Permitted } from "../steps/consent.js";
import type { DecisionState } from "./decision-state.js";

/**
 * What a record keeps of a decision's inputs beyond its own fields, so that the decision can be run again: the subject's
 * state before it, and what stood in the owner's books.
 */
export interface RecordedState extends Pick<
  DecisionInput,
  | "decisionState"
  | "budgets"
  | "explorationSpentMinor"
  | "decisionsPerRung"
  | "realisedMargins"
  | "offersLeft"
  | "modelAnswer"
  | "killSwitch"
  | "language"
  | "place"
  | "freshness"
  | "ages"
  | "exchanges"
  | "earlierRules"
> {
  /** Text features; the numbers stand in the record's snapshot. */
  readonly texts: Readonly<Record<string, string>>;
  /** What the caller did not say, though the record has it: it was known. */
  readonly unsaid: readonly Unsaid[];
}

/** What a caller may leave out, and the windows tell. */
type Unsaid = "channel" | "device";

/** An input as far as its record keeps it: a degraded answer may have been made without a policy. */
export type RecordableInput = Omit<DecisionInput, "policy" | "model"> & {
  readonly policy?: CompiledPolicy | undefined;
};

/**
 * As it stands in the record: what a custom model answered does where one did; what only breakers and quantities ask for does where the policy has any, and did not before there were such. Version 1, of
 * earlier rules, says besides, where the policy has entitlements, that it tells what blocks them, and whether each purpose was asked for.
 */
type Recorded = Omit<RecordedState, "realisedMargins" | "offersLeft" | "earlierRules" | "unsaid"> &
  Partial<Pick<RecordedState, "realisedMargins" | "offersLeft" | "unsaid">> & {
    readonly owedTold?: true;
    readonly purposesTold?: true;
  };

const VERSION = 2;
const VERSION_OF_EARLIER_RULES = 1;
const UNSAID: readonly Unsaid[] = ["channel", "device"];

/** The record's `decision_state`: canonical JSON with a version. Of the features that are words it has what consent lets be read. */
export function encodeRecordedState(input: RecordableInput): string {
  const { decisionState, budgets, explorationSpentMinor, decisionsPerRung, killSwitch, language, place, freshness } =
    input;
  const { campaigns = [], breakers = [], quantities = [] } = input.policy ?? {};
  const permitted = consentStep(input);
  const unsaid = UNSAID.filter((said) => permitted[said] !== input[said]);
  const campaignIds = campaigns.map(({ campaignId }) => campaignId);
  const recorded: Recorded = {
    decisionState,
    budgets: onlyNamed(
      budgets,
      campaigns.flatMap(({ draws }) => draws.map(({ budget }) => budget.budgetId)),
    ),
    explorationSpentMinor: onlyNamed(explorationSpentMinor, campaignIds),
    decisionsPerRung: onlyNamed(decisionsPerRung, campaignIds),
    ...(breakers.length > 0 && {
      realisedMargins: onlyNamed(
        input.realisedMargins,
        breakers.map(({ campaignId }) => campaignId),
      ),
    }),
    ...(quantities.length > 0 && {
      offersLeft: onlyNamed(
        input.offersLeft,
        quantities.map(({ campaignId }) => campaignId),
      ),
    }),
    ...(input.modelAnswer !== undefined && { modelAnswer: input.modelAnswer }),
    ...told(input),
    ...(unsaid.length > 0 && { unsaid }),
    killSwitch,
    language,
    place,
    freshness,
    ...recordedAges(input.ages, permitted),
    ...recordedExchanges(input.exchanges),
    texts: permitted.features?.texts ?? {},
  };
  return canonicalJson({ v: input.earlierRules === undefined ? VERSION : VERSION_OF_EARLIER_RULES, ...recorded });
}

/** Of what was not looked at, no age is kept either; where there is nothing to keep, nothing is. */
function recordedAges(ages: DataAges | undefined, { features, profile }: Permitted): Pick<Recorded, "ages"> {
  if (ages === undefined) return {};
  const { textAgesMs = {}, profileAgeMs, ...lags } = ages;
  const words = onlyNamed(textAgesMs, Object.keys(features?.texts ?? {}));
  const kept: DataAges = {
    ...lags,
    ...(Object.keys(words).length > 0 && { textAgesMs: words }),
    ...(profile !== undefined && profileAgeMs !== undefined && { profileAgeMs }),
  };
  return Object.keys(kept).length === 0 ? {} : { ages: kept };
}

/** Where nothing was answered, nothing is said of it. */
function recordedExchanges(exchanges: DecisionInput["exchanges"] = []): Pick<Recorded, "exchanges"> {
  return exchanges.length === 0 ? {} : { exchanges };
}

function told({ earlierRules, policy }: RecordableInput): Pick<Recorded, "owedTold" | "purposesTold"> {
  if (earlierRules === undefined) return {};
  return {
    ...((policy?.entitlements.size ?? 0) > 0 && !earlierRules.owedUntold && { owedTold: true }),
    ...(!earlierRules.purposesUntold && { purposesTold: true }),
  };
}

/** Reads what {@link encodeRecordedState} wrote. Refused: what is no such text. */
export function decodeRecordedState(text: string): Result<RecordedState, Refusal> {
  const parsed = parse(text);
  if (!isRecorded(parsed)) return err(malformed(text));
  const {
    decisionState,
    budgets,
    explorationSpentMinor,
    decisionsPerRung,
    realisedMargins = {},
    offersLeft = {},
    modelAnswer,
    unsaid = [],
    killSwitch,
    language,
    place,
    freshness,
    ages,
    exchanges,
    texts,
  } = parsed;
  return ok({
    decisionState,
    budgets,
    explorationSpentMinor,
    decisionsPerRung,
    realisedMargins,
    offersLeft,
    ...(modelAnswer !== undefined && { modelAnswer }),
    ...(parsed.v === VERSION_OF_EARLIER_RULES && {
      earlierRules: { owedUntold: parsed.owedTold !== true, purposesUntold: parsed.purposesTold !== true },
    }),
    unsaid,
    killSwitch,
    language,
    place,
    freshness,
    ...(ages !== undefined && { ages }),
    ...(exchanges !== undefined && { exchanges }),
    texts,
  });
}

function malformed(text: string): Refusal {
  return refusal(
    "decision_state_malformed",
    "decision_state",
    text,
    `decision state of version 1 or ${String(VERSION)}`,
  );
}

function onlyNamed<T>(all: Readonly<Record<string, T>>, names: readonly string[]): Record<string, T> {
  const kept: Record<string, T> = {};
  for (const name of names) {
    const value = Object.hasOwn(all, name) ? all[name] : undefined;
    if (value !== undefined) kept[name] = value;
  }
  return kept;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isVersioned(value: unknown): value is { readonly v: number } {
  return (
    typeof value === "object" &&
    value !== null &&
    "v" in value &&
    (value.v === VERSION || value.v === VERSION_OF_EARLIER_RULES)
  );
}

/** The form is checked as far as telling our own encoding from anything else needs; the log is ours. */
function isState(value: object): value is DecisionState {
  const lists = ["enrolments", "open", "history", "orders", "recent"];
  return lists.every((list) => Array.isArray((value as Record<string, unknown>)[list]));
}

function isRecorded(value: unknown): value is Recorded & { readonly v: number } {
  if (!isVersioned(value) || !("decisionState" in value) || !("budgets" in value) || !("texts" in value)) return false;
  return typeof value.decisionState === "object" && value.decisionState !== null && isState(value.decisionState);
}
