import type { wire } from "@leastwise/contracts";
import type { CompiledModel, PolicyProblem } from "@leastwise/decision";
import type { AskableModel } from "@leastwise/onnx-response";
import { err, InWords, refusal, type Result } from "@leastwise/vocabulary";

/** Loads the custom part of a model and tries it, or says what keeps it from being used. */
export type LoadCustom = (model: CompiledModel) => Promise<Result<AskableModel, readonly PolicyProblem[]>>;

export interface ModelsInForceOptions {
  readonly priors: CompiledModel;
  /** Absent: custom parts are not loaded, and nobody asks them, as where decisions are only made again from their records. */
  readonly loadCustom?: LoadCustom | undefined;
  readonly onInForce: (model: CompiledModel, written: wire.ModelRecord) => void;
  readonly onUnusable: (version: string, problems: readonly PolicyProblem[]) => void;
  /** The version could be used, and is followed by another already. */
  readonly onPassed: (model: CompiledModel) => void;
}

interface Coming {
  /** Its place among those that came. */
  readonly place: number;
  readonly model: CompiledModel;
  readonly written: wire.ModelRecord;
}

/**
 * Puts models into force in the order in which they were written, though one with a custom part takes a while until that stands: till then the one before holds. Of
 * several that wait the newest is loaded first, since it alone will be asked; those before it only if it cannot be used.
 */
export class ModelsInForce {
  readonly #options: ModelsInForceOptions;
  readonly #waiting: Coming[] = [];
  #active: CompiledModel;
  #custom: AskableModel | undefined;
  #came = 0;
  /** Place of the one in force. */
  #inForce = 0;
  #loading = Promise.resolve();
  #isLoading = false;

  constructor(options: ModelsInForceOptions) {
    this.#options = options;
    this.#active = options.priors;
  }

  get active(): CompiledModel {
    return this.#active;
  }

  /** The custom part of the one in force; undefined: it has none. */
  get custom(): AskableModel | undefined {
    return this.#custom;
  }

  /** Takes a version that was read and checked. */
  take(model: CompiledModel, written: wire.ModelRecord): void {
    this.#came += 1;
    const coming = { place: this.#came, model, written };
    const { loadCustom } = this.#options;
    if (model.custom === undefined || loadCustom === undefined) {
      this.#put(coming, undefined);
      return;
    }
    this.#waiting.push(coming);
    if (!this.#isLoading) this.#loading = this.#loadWaiting(loadCustom);
  }

  /** Resolves when nothing that came waits any more. */
  settled(): Promise<void> {
    return this.#loading;
  }

  /** Lets go of the custom part that is asked, once all is settled. */
  async close(): Promise<void> {
    await this.#loading;
    await this.#custom?.close();
    this.#custom = undefined;
  }

  async #loadWaiting(loadCustom: LoadCustom): Promise<void> {
    this.#isLoading = true;
    for (let coming = this.#waiting.pop(); coming !== undefined; coming = this.#waiting.pop()) {
      const loaded = await loadCustom(coming.model).catch(broken);
      if (!loaded.ok) this.#options.onUnusable(coming.model.version, loaded.error);
      else if (coming.place > this.#inForce) this.#put(coming, loaded.value);
      else {
        this.#options.onPassed(coming.model);
        letGo(loaded.value);
      }
    }
    this.#isLoading = false;
  }

  #put(coming: Coming, custom: AskableModel | undefined): void {
    const before = this.#custom;
    this.#active = coming.model;
    this.#custom = custom;
    this.#inForce = coming.place;
    const passed = this.#waiting.filter(({ place }) => place < coming.place);
    this.#waiting.splice(0, passed.length);
    for (const { model } of passed) this.#options.onPassed(model);
    this.#options.onInForce(coming.model, coming.written);
    // Whoever asked it before is answered first.
    if (before !== undefined) letGo(before);
  }
}

/** Whoever throws while he loads cannot be used either, and those behind him come all the same. */
function broken(error: unknown): Result<never, readonly PolicyProblem[]> {
  const why = error instanceof Error ? error.message : String(error);
  return err([refusal("onnx_unreadable", "custom.onnx", new InWords(why), "a model in ONNX that can be loaded")]);
}

/** One that cannot be let go of takes its memory, and nothing else. */
function letGo(custom: AskableModel): void {
  custom.close().catch(() => undefined);
}
