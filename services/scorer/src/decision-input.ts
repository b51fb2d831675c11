import { profileUpdatedAtMs, purposeName, type wire } from "@leastwise/contracts";
import type {
  AnsweredExchange,
  CompiledModel,
  DataAges,
  DecisionInput,
  FeatureVector,
  Profile,
} from "@leastwise/decision";
import type { Ledger } from "@leastwise/ledger";
import { FEATURE_CATALOGUE, type Catalog, type PolicyInForce, type Subjects } from "@leastwise/references";
import {
  keyedHash,
  toBigint,
  type AssignmentKey,
  type HashKey,
  type Millis,
  type Purpose,
  type SubjectId,
} from "@leastwise/vocabulary";
import { emptySnapshot, type FeatureSnapshot } from "@leastwise/windows";
import type { DecideCall } from "./decide-request.js";
import type { WindowsFeed } from "./windows-feed.js";

/** Where the facts of a decision are found. */
export interface FactSources {
  readonly feed: WindowsFeed;
  readonly ledger: Ledger;
  readonly subjects: Subjects;
  readonly catalog: Catalog;
  readonly codeKey: { readonly secret: HashKey; readonly version: number };
  readonly clockKind: "wall" | "event";
  /** True where nothing may be issued, as in a replay of what has already happened. */
  readonly observeOnly: boolean;
  /** How far what is known of shoppers is behind the log. Absent: it is all there, as in a replay. */
  readonly lags?: Lags;
}

/** How far what is known of shoppers is behind the log. */
export interface Lags {
  /** How long ago a partition's windows were last known to have all of the clickstream, ms. */
  clickstreamMs(partition: number): number;
  /** How long ago profiles and consents were last known to be all here, ms. */
  subjectsMs(): number;
}

const NAMES = FEATURE_CATALOGUE.names;

/** Tells which catalogue named a vector's values. */
const CATALOGUE_DIGEST = digestOfFirst(NAMES.length);

/**
 * What tells the catalogue of the first so many features; undefined for more than there are. Features are only ever appended, so that each version's
 * catalogue is the beginning of the next one's.
 */
export function catalogueDigest(featureCount: number): string | undefined {
  return featureCount > NAMES.length ? undefined : digestOfFirst(featureCount);
}

function digestOfFirst(count: number): string {
  return toBigint(keyedHash({ k0: 0n, k1: 0n }, NAMES.slice(0, count).join("\n")))
    .toString(16)
    .padStart(16, "0");
}

/** The facts of a decision that need no policy. */
export type Facts = Omit<DecisionInput, "policy" | "model" | "freshness">;

/** Filled for every decision, and read out before the next: nothing keeps it. */
const SNAPSHOT = emptySnapshot();

/** Gathers everything that the core is a function of: after this nothing is looked up. */
export function gatherFacts(
  sources: FactSources,
  call: DecideCall,
  subject: SubjectId,
  assignmentKey: AssignmentKey,
  nowMs: Millis,
  policy: PolicyInForce | undefined,
): Facts {
  const { feed, ledger, subjects, catalog, codeKey, clockKind, observeOnly } = sources;
  const snapshot = feed.read(subject, nowMs, SNAPSHOT);
  // First, since it ends what is due: the state is read after that.
  const books = ledger.books(policy?.compiled.budgets ?? [], policy?.compiled.breakers ?? []);
  const record = subjects.record(subject);
  const profile = record?.profile && profileOf(record.profile);
  const consent = consentOf(record?.consent);
  return {
    cause: { caller: call.caller, requestId: call.requestId, sessionId: call.sessionId },
    subject,
    assignmentKey,
    nowMs,
    clock: clockKind,
    cart: call.cart,
    channel: call.channel,
    device: call.device,
    place: call.place,
    partnerSegments: call.partnerSegments,
    proposedClass: call.proposedClass,
    features: featureVector(snapshot, feed.partitionOf(subject)),
    ...(profile === undefined ? {} : { profile }),
    consent,
    ...(record !== undefined && record.exchanges.length > 0 && { exchanges: record.exchanges.map(exchangeOf) }),
    catalog: catalogRows(call, catalog),
    decisionState: ledger.stateOf(subject),
    ...books,
    offersLeft: ledger.offersLeft(policy?.compiled.quantities ?? [], subject),
    killSwitch: policy?.isStopped === true,
    observeOnly,
    language: call.language,
    codeKey,
    ages: agesOf(sources, call, subject, snapshot, record, nowMs),
  };
}

/** What was all there so short a time ago is fresh, ms: the log is asked several times within it. */
const FRESH_MS = 1_000;

/** A lag that makes no difference is none, unless the call asks for less. */
function toldLagMs(lagMs: number, maxLagMs = Infinity): number {
  return lagMs <= Math.min(FRESH_MS, maxLagMs) ? 0 : lagMs;
}

function agesOf(
  { feed, lags }: FactSources,
  { maxLagMs }: DecideCall,
  subject: SubjectId,
  snapshot: FeatureSnapshot,
  record: wire.SubjectRecord | undefined,
  nowMs: Millis,
): DataAges {
  const clickstreamLagMs = toldLagMs(lags?.clickstreamMs(feed.partitionOf(subject)) ?? 0, maxLagMs);
  const subjectsLagMs = toldLagMs(lags?.subjectsMs() ?? 0, maxLagMs);
  const textAgesMs: Record<string, number> = {};
  if (snapshot.lastChannel !== undefined) textAgesMs["last_channel"] = snapshot.lastChannelAgeMs;
  if (snapshot.lastDevice !== undefined) textAgesMs["last_device"] = snapshot.lastDeviceAgeMs;
  if (snapshot.lastPlace !== undefined) textAgesMs["last_place"] = snapshot.lastPlaceAgeMs;
  return {
    ...(clickstreamLagMs > 0 && { clickstreamLagMs }),
    ...(subjectsLagMs > 0 && { subjectsLagMs }),
    ...(maxLagMs !== undefined && { acceptedLagMs: maxLagMs }),
    textAgesMs,
    ...(record?.profile !== undefined && { profileAgeMs: Math.max(0, nowMs - Number(profileUpdatedAtMs(record))) }),
  };
}

/**
 * The facts together with the policy and the model in force.
 *
 * @param staleMs how long something was waited for in vain that the decision was to have seen, or another owner may have known more, ms; 0: nothing
 */
export function decisionInput(
  facts: Facts,
  policy: PolicyInForce,
  model: CompiledModel,
  staleMs: number,
): DecisionInput {
  if (staleMs === 0) return { ...facts, policy: policy.compiled, model, freshness: "fresh" };
  // What was waited for in vain is missing from the windows.
  const clickstreamLagMs = Math.max(staleMs, facts.ages?.clickstreamLagMs ?? 0);
  return { ...facts, policy: policy.compiled, model, freshness: "stale", ages: { ...facts.ages, clickstreamLagMs } };
}

/** The features as the core takes them. The snapshot may be used again. */
export function featureVector(snapshot: FeatureSnapshot, partition: number): FeatureVector {
  const texts: Record<string, string> = {};
  if (snapshot.lastChannel !== undefined) texts["last_channel"] = snapshot.lastChannel;
  if (snapshot.lastDevice !== undefined) texts["last_device"] = snapshot.lastDevice;
  if (snapshot.lastPlace !== undefined) texts["last_place"] = snapshot.lastPlace;
  return {
    catalogue: CATALOGUE_DIGEST,
    values: Array.from(snapshot.values),
    texts,
    asOfOffset: snapshot.asOfOffset,
    partition,
  };
}

function catalogRows(call: DecideCall, catalog: Catalog) {
  const productIds = new Set(call.cart.lines.map(({ productId }) => productId));
  return [...productIds].flatMap((productId) => catalog.row(productId) ?? []);
}

function consentOf(consent: wire.Consent | undefined): readonly Purpose[] {
  return consent?.purposes.flatMap((purpose) => purposeName(purpose) ?? []) ?? [];
}

function exchangeOf({ campaignId, accepted, answeredAtMs }: wire.AnsweredExchange): AnsweredExchange {
  return { campaignId, accepted, answeredAtMs: Number(answeredAtMs) };
}

/** A profile stays the same object until it changes, so that what is reckoned of it is reckoned once. */
const PROFILES = new WeakMap<wire.Profile, Profile>();

/** The profile as decisions see it. */
export function profileOf(profile: wire.Profile): Profile {
  const known = PROFILES.get(profile) ?? readProfile(profile);
  PROFILES.set(profile, known);
  return known;
}

function readProfile(profile: wire.Profile): Profile {
  const { loyaltyTier, member, customerSinceMs, birthday, tags, attributes } = profile;
  return {
    loyaltyTier,
    member,
    ...(customerSinceMs === undefined ? {} : { customerSinceMs: Number(customerSinceMs) }),
    birthday,
    tags,
    attributes,
  };
}
