import type { JsonValue } from "@bufbuild/protobuf";
import { within, type wire } from "@leastwise/contracts";
import { printable } from "@leastwise/vocabulary";
import { documentJson } from "./write-document.js";

/** One difference of two policies, in the document's terms. */
export interface PolicyChange {
  readonly kind: "added" | "removed" | "changed";
  /** Where: things that have an id by that, for example `campaigns[advent].ladder[1].incentive.percent_off.percent`. */
  readonly path: string;
  /** As the document has it; absent for what was added. */
  readonly before?: JsonValue;
  /** As the document has it; absent for what was removed. */
  readonly after?: JsonValue;
}

/**
 * What differs between two policies, field by field; the version, its author and reason are no difference, nor is the order of anything that has an id.
 */
export function policyChanges(before: wire.Policy, after: wire.Policy): readonly PolicyChange[] {
  const bare = (policy: wire.Policy) => documentJson({ ...policy, version: "", author: "", reason: "" });
  return changesOf(bare(before), bare(after), "");
}

/** One line for people: `~ guardrails.floor_price: 60% → 55%`. */
export function sayChange({ kind, path, before, after }: PolicyChange): string {
  switch (kind) {
    case "added":
      return `+ ${path}: ${said(after)}`;
    case "removed":
      return `- ${path}: ${said(before)}`;
    case "changed":
      return `~ ${path}: ${said(before)} → ${said(after)}`;
  }
}

function changesOf(before: JsonValue | undefined, after: JsonValue | undefined, path: string): readonly PolicyChange[] {
  if (before === undefined && after === undefined) return [];
  if (before === undefined) return [{ kind: "added", path, after: after ?? null }];
  if (after === undefined) return [{ kind: "removed", path, before }];
  if (Array.isArray(before) && Array.isArray(after)) return listChanges(before, after, path);
  if (isFields(before) && isFields(after)) return fieldChanges(before, after, path);
  return before === after ? [] : [{ kind: "changed", path, before, after }];
}

function fieldChanges(before: Fields, after: Fields, path: string): readonly PolicyChange[] {
  const names = new Set([...Object.keys(before), ...Object.keys(after)]);
  return [...names].flatMap((name) => changesOf(before[name], after[name], within(path, name)));
}

/** Things with ids are compared by those, wherever they stand; others place by place. */
function listChanges(before: readonly JsonValue[], after: readonly JsonValue[], path: string): readonly PolicyChange[] {
  const [old, now] = [byId(before), byId(after)];
  if (old === undefined || now === undefined) {
    const length = Math.max(before.length, after.length);
    return Array.from({ length }, (_, index) => changesOf(before[index], after[index], `${path}[${index}]`)).flat();
  }
  const ids = [...new Set([...old.keys(), ...now.keys()])];
  return ids.flatMap((id) => changesOf(old.get(id), now.get(id), `${path}[${id}]`));
}

/** Undefined where not every item has an id of its own. */
function byId(items: readonly JsonValue[]): ReadonlyMap<string, JsonValue> | undefined {
  const named = new Map(items.flatMap((item) => (isFields(item) ? idsOf(item).map((id) => [id, item] as const) : [])));
  return named.size === items.length ? named : undefined;
}

const ID_FIELDS = ["campaign_id", "experiment_id", "budget_id", "name"];

function idsOf(item: Fields): readonly string[] {
  // A template has a campaign's id, too, and is told apart by more than that.
  const { placement, language = "", campaign_id: campaignId = "all" } = item;
  if (typeof placement === "string") return [`${placement}/${said(language)}/${said(campaignId)}`];
  const field = ID_FIELDS.find((name) => typeof item[name] === "string");
  return field === undefined ? [] : [item[field] as string];
}

type Fields = Readonly<Record<string, JsonValue>>;

function isFields(value: JsonValue): value is Record<string, JsonValue> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function said(value: JsonValue | undefined): string {
  return printable(typeof value === "string" ? value : JSON.stringify(value));
}
