import { execFile } from "node:child_process";
import { rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { promisify } from "node:util";
import { ROOT } from "../journey/built-program.js";

const SOURCE = path.join(ROOT, "tests", "faults", "slow-disk.c");
const COMPILES_WITHIN_MS = 60_000;

/** What each write to a slow disk takes, ms: about what a network disk takes that is short of its allowance. */
const WRITE_MS = 60;

/** Disks of the brokers, each of which can be made slow: what they write passes through a library that is preloaded into them. */
export class SlowDisks {
  readonly #folder: string;
  readonly #library: string;

  private constructor(folder: string, library: string) {
    this.#folder = folder;
    this.#library = library;
  }

  /** Undefined where that cannot be: it takes Linux and a C compiler, `cc`. */
  static async prepare(folder: string): Promise<SlowDisks | undefined> {
    if (process.platform !== "linux") return undefined;
    const library = path.join(folder, "slow-disk.so");
    try {
      await promisify(execFile)("cc", ["-shared", "-fPIC", "-O2", "-o", library, SOURCE], {
        timeout: COMPILES_WITHIN_MS,
      });
    } catch {
      return undefined;
    }
    return new SlowDisks(folder, library);
  }

  /** What a broker's process is to be started with. */
  environmentOf(broker: number): Readonly<Record<string, string>> {
    return {
      LD_PRELOAD: this.#library,
      FAULTS_SLOW_DISK: this.#flagOf(broker),
      FAULTS_SLOW_DISK_MS: String(WRITE_MS),
    };
  }

  slow(broker: number): void {
    writeFileSync(this.#flagOf(broker), "");
  }

  quick(broker: number): void {
    rmSync(this.#flagOf(broker), { force: true });
  }

  #flagOf(broker: number): string {
    return path.join(this.#folder, `slow-disk-${broker}`);
  }
}
