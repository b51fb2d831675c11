import { modelToWire, readModel, TOPICS, wire } from "@leastwise/contracts";
import { compileModel, PRIOR_MODEL, type CompiledModel, type PolicyProblem } from "@leastwise/decision";
import type { EventLog, LogRecord } from "@leastwise/eventlog";
import type { AskableModel } from "@leastwise/onnx-response";
import { err, refusal, sayRefusal, type Result } from "@leastwise/vocabulary";
import { Appearances } from "./appearances.js";
import { follow, type Followed } from "./follow.js";
import { insistOnKey, takingOurs, type FollowingHooks } from "./passed-over.js";
import { ModelsInForce, type LoadCustom } from "./models-in-force.js";
import { FEATURE_CATALOGUE } from "./policies.js";

/** The response models, as the topic `models` has them. */
export interface Models extends Followed {
  /** The one in force: the priors, before the first that this build can use. */
  active(): CompiledModel;
  /** The custom part of the one in force, to be asked; undefined: it has none, or none is loaded here. */
  custom(): AskableModel | undefined;
  /** A version that is or was in force, the priors among them: decisions name the one that they were made with. */
  version(version: string): CompiledModel | undefined;
  /** What was put into force so far, newest first, be it that this build cannot use it. The priors are not among it. */
  history(): readonly wire.ModelRecord[];
  /** Resolves when a version that was written is in force here. */
  appears(version: string): Promise<void>;
}

export interface FollowModelsOptions extends FollowingHooks {
  /** A version came into force. */
  readonly onInForce: (model: CompiledModel, written: wire.ModelRecord) => void;
  /** A version stands on the log that this build cannot use: the one before it stays in force. */
  readonly onUnusable: (version: string, problems: readonly PolicyProblem[]) => void;
  /** How a model's custom part is loaded: it comes into force once that stands. Absent: none is, and decisions are made by the parametric part. */
  readonly loadCustom?: LoadCustom;
}

/** What responds to incentives until a model stands on the log. */
export const COMPILED_PRIOR: CompiledModel = compiledPriors();

/** The priors as if somebody had written them. */
export const PRIOR_RECORD: wire.ModelRecord = wire.ModelRecord.fromPartial({ model: modelToWire(PRIOR_MODEL) });

function compiledPriors(): CompiledModel {
  const compiled = compileModel(PRIOR_MODEL, FEATURE_CATALOGUE.names, FEATURE_CATALOGUE.classes);
  if (!compiled.ok) throw new Error(`the built-in model is not valid: ${compiled.error.map(sayRefusal).join("; ")}`);
  return compiled.value;
}

/** Follows the response models. */
export async function followModels(
  log: EventLog,
  { onInForce, onUnusable, onPassedOver, loadCustom }: FollowModelsOptions,
): Promise<Models> {
  const versions = new Map([[COMPILED_PRIOR.version, COMPILED_PRIOR]]);
  const history = new Map<string, wire.ModelRecord>();
  const appearances = new Appearances();
  const know = (model: CompiledModel): void => {
    versions.set(model.version, model);
    appearances.appeared(model.version);
  };
  const inForce = new ModelsInForce({
    priors: COMPILED_PRIOR,
    loadCustom,
    onUnusable,
    onPassed: know,
    onInForce: (model, written) => {
      know(model);
      onInForce(model, written);
    },
  });
  const put = (written: WrittenModel | undefined): void => {
    if (written === undefined) return;
    const { version } = written.model;
    history.delete(version);
    history.set(version, written.record);
    const compiled = compileWrittenModel(written.model);
    if (compiled.ok) inForce.take(compiled.value, written.record);
    else onUnusable(version, compiled.error);
  };
  const following = await follow(log, TOPICS.models, takingOurs(readWritten, put, { onPassedOver }));
  await inForce.settled();
  return {
    ...following,
    reachesEnd: async (signal) => {
      const isReached = await following.reachesEnd(signal);
      await inForce.settled();
      return isReached;
    },
    stop: async () => {
      await following.stop();
      await inForce.close();
    },
    active: () => inForce.active,
    custom: () => inForce.custom,
    version: (version) => versions.get(version),
    history: () => [...history.values()].reverse(),
    appears: (version) => (versions.has(version) ? Promise.resolve() : appearances.of(version, following.finished)),
  };
}

interface WrittenModel {
  readonly model: wire.ResponseModel;
  readonly record: wire.ModelRecord;
}

/** Undefined for a version that was taken back: it stays in force. Throws for what is no version of ours. */
function readWritten(record: LogRecord): WrittenModel | undefined {
  if (record.value.length === 0) return undefined;
  const written = wire.ModelRecord.decode(record.value);
  const { model } = written;
  if (model === undefined) throw new RangeError("model is missing");
  insistOnKey(record, "model.version", model.version);
  return { model, record: written };
}

/** All that keeps a model that somebody wrote from being used: its custom part is loaded, tried and let go of again. Empty: nothing. */
export async function problemsOfWritten(
  model: wire.ResponseModel,
  loadCustom: LoadCustom,
): Promise<readonly PolicyProblem[]> {
  const compiled = compileWrittenModel(model);
  if (!compiled.ok) return compiled.error;
  if (compiled.value.custom === undefined) return [];
  const loaded = await loadCustom(compiled.value);
  if (!loaded.ok) return loaded.error;
  await loaded.value.close();
  return [];
}

/** Reads a model as it was written and compiles it, or says all that is wrong with it; fields are paths inside the model. */
export function compileWrittenModel(model: wire.ResponseModel): Result<CompiledModel, readonly PolicyProblem[]> {
  if (model.version !== PRIOR_MODEL.version)
    return compileModel(readModel(model), FEATURE_CATALOGUE.names, FEATURE_CATALOGUE.classes);
  const expected = "another version: this is the name of the priors, which hold until a model is in force";
  return err([refusal("model_version_reserved", "version", model.version, expected)]);
}
