import { TOPICS, wire } from "@leastwise/contracts";
import type { EventLog } from "@leastwise/eventlog";
import { PRIOR_RECORD, problemsOfWritten, type LoadCustom, type Models } from "@leastwise/references";
import { defineService, invalidArgument, refuse, type RpcRefusal, type RpcService } from "@leastwise/rpc";
import { err, nearestName, ok, printable, refusal, type Clock, type Refusal, type Result } from "@leastwise/vocabulary";
import { appearance } from "./appearance.js";
import { backName } from "./back-name.js";
import { Turns } from "./turns.js";
import { writeRecords } from "./write-record.js";

export interface ModelServiceOptions {
  readonly log: EventLog;
  readonly clock: Clock;
  readonly models: Models;
  /** How a model's custom part is loaded, to try it. */
  readonly loadCustom: LoadCustom;
}

/** Versions that are listed, as of policies. */
const LISTED_MAX = 1_000;
const AUTHOR_BYTES_MAX = 256;
const REASON_BYTES_MAX = 1_024;

/** A model, who puts it into force, and why. */
type Proposed = Pick<wire.ModelRecord, "author" | "reason"> & { readonly model: wire.ResponseModel };

/** Puts response models into force by writing them to the topic `models`. */
export function modelService({ log, clock, models, loadCustom }: ModelServiceOptions): RpcService {
  const problemsOf = async (model: wire.ResponseModel): Promise<readonly wire.ModelProblem[]> => {
    const problems = await problemsOfWritten(model, loadCustom);
    return problems.map((problem) => ({ ...problem, came: printable(problem.came) }));
  };
  const turns = new Turns();
  /** Versions written here: none may have two contents, however late the topic brings the first one back. */
  const written = new Set<string>();
  const isUsed = (version: string): boolean =>
    written.has(version) || known(models).some((record) => versionOf(record) === version);
  const apply = async (proposed: Proposed): Promise<Result<wire.ApplyModelResponse, RpcRefusal>> => {
    const { version } = proposed.model;
    if (isUsed(version)) {
      const used = refusal("model_version_exists", "model.version", version, "a version never used before");
      return err(refuse("ALREADY_EXISTS", used));
    }
    const value = wire.ModelRecord.encode({ ...proposed, appliedAtMs: BigInt(clock.nowMs()) }).finish();
    const put = await writeRecords(log, clock, TOPICS.models, [{ key: version, value }]);
    if (!put.ok) return put;
    written.add(version);
    await appearance(models, version);
    return ok({ version });
  };
  const rollBack = async ({ version, author, reason }: wire.RollbackModelRequest) => {
    const found = earlier(models, version);
    if (!found.ok) return found;
    if (models.active().version === version) return err(alreadyInForce(version));
    const model = { ...contentOf(found.value), version: backName(version, isUsed) };
    const [problem] = [...(await problemsOf(model)), ...unsigned({ author, reason })];
    return problem === undefined ? apply({ model, author, reason }) : err(invalidArgument(problem));
  };
  return defineService(wire.ModelServiceService, {
    applyModel: async ({ model, author, reason }) => {
      if (model === undefined) return err(invalidArgument(modelMissing()));
      const [problem] = [...(await problemsOf(model)), ...unsigned({ author, reason })];
      if (problem !== undefined) return err(invalidArgument(problem));
      return turns.take(TOPICS.models, () => apply({ model, author, reason }));
    },
    validateModel: async ({ model }) =>
      model === undefined ? err(invalidArgument(modelMissing())) : ok({ problems: [...(await problemsOf(model))] }),
    getModel: ({ version }) => Promise.resolve(earlier(models, version === "" ? models.active().version : version)),
    listModels: () => Promise.resolve(ok({ models: models.history().slice(0, LISTED_MAX).map(withoutContent) })),
    rollbackModel: (asked) => turns.take(TOPICS.models, () => rollBack(asked)),
  });
}

/** What was put into force, newest first, and what was there before. */
function known(models: Models): readonly wire.ModelRecord[] {
  return [...models.history(), PRIOR_RECORD];
}

function earlier(models: Models, version: string): Result<wire.ModelRecord, RpcRefusal> {
  const records = known(models);
  const found = records.find((record) => versionOf(record) === version);
  if (found !== undefined) return ok(found);
  const nearest = nearestName(version, records.map(versionOf));
  const expected = `a version that was in force before${nearest === undefined ? "" : `; did you mean ${nearest}?`}`;
  return err(refuse("NOT_FOUND", refusal("unknown_model_version", "version", version, expected)));
}

function alreadyInForce(version: string): RpcRefusal {
  const expected = "an earlier version than the one in force";
  return refuse("FAILED_PRECONDITION", refusal("model_in_force", "version", version, expected));
}

function contentOf({ model }: wire.ModelRecord): wire.ResponseModel {
  if (model === undefined) throw new Error("a record on the topic of models has a model: others are passed over");
  return model;
}

function versionOf(record: wire.ModelRecord): string {
  return contentOf(record).version;
}

function withoutContent(record: wire.ModelRecord): wire.GetModelResponse {
  return { ...record, model: wire.ResponseModel.fromPartial({ version: versionOf(record) }) };
}

/** What lacks of who puts it into force, and why. */
function unsigned({ author, reason }: Pick<wire.ModelRecord, "author" | "reason">): readonly Refusal[] {
  return [...textProblem("author", author, AUTHOR_BYTES_MAX), ...textProblem("reason", reason, REASON_BYTES_MAX)];
}

function textProblem(field: string, text: string, most: number): readonly Refusal[] {
  const bytes = Buffer.byteLength(text);
  if (bytes > 0 && bytes <= most) return [];
  return [refusal(bytes === 0 ? "text_missing" : "text_too_long", field, text, `1 to ${most} bytes of text`)];
}

function modelMissing(): Refusal {
  return refusal("model_missing", "model", undefined, "a model");
}
