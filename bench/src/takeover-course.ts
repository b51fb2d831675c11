/** How a takeover went; all Unix ms. */
export interface Takeover {
  readonly killedAtMs: number;
  /** When the one that is left learned that the group agrees anew. */
  readonly detectedAtMs: number;
  /** When it learned what the group has agreed; undefined where it does not say. */
  readonly agreedAtMs: number | undefined;
  /** When it answered for everything of the one that is gone. */
  readonly endedAtMs: number;
}

/** Whether answers for each of some partitions are whole again, told by the answers as they come. */
export class Recovery {
  readonly #goodSinceMs = new Map<number, number | undefined>();

  /** @param partitions those that somebody else is to answer for; none answers well to begin with */
  constructor(partitions: readonly number[]) {
    for (const partition of partitions) this.#goodSinceMs.set(partition, undefined);
  }

  /** An answer for a subject of a partition, in the order that they come in. */
  answered(partition: number, isGood: boolean, atMs: number): void {
    if (!isGood) this.#goodSinceMs.set(partition, undefined);
    else this.#goodSinceMs.set(partition, this.#goodSinceMs.get(partition) ?? atMs);
  }

  /** When the last of the partitions was answered for again; undefined while one of them is not. */
  get endedAtMs(): number | undefined {
    let latestMs = Number.NEGATIVE_INFINITY;
    for (const sinceMs of this.#goodSinceMs.values()) {
      if (sinceMs === undefined) return undefined;
      latestMs = Math.max(latestMs, sinceMs);
    }
    return latestMs;
  }
}

/** What a process of the Kafka Streams application says of itself at a moment. */
export interface PeerStanding {
  readonly atMs: number;
  /** As Kafka Streams names it: `RUNNING`, `REBALANCING`. */
  readonly state: string;
  /** Partitions whose store answers for a key, as their owner's. */
  readonly served: readonly number[];
  /** Partitions that it is the standby of. */
  readonly standbys: readonly number[];
  /** Records of the changelog that its stores lack; −1: not known yet. */
  readonly lag: number;
}

/** Reads a line of the peer. Throws in words for one that is none. */
export function peerStandingOf(line: string): PeerStanding {
  const told = parsed(line);
  const { state, served, standbys } = told;
  const [atMs, lag] = [told["at_ms"], told["lag"]];
  const isWhole = typeof atMs === "number" && typeof lag === "number" && typeof state === "string";
  if (!isWhole || !areNumbers(served) || !areNumbers(standbys))
    throw new Error(`kafka-streams: expected at_ms, state, served, standbys and lag, got ${line}`);
  return { atMs, state, served, standbys, lag };
}

function parsed(line: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === "object" && value !== null ? { ...value } : {};
  } catch {
    return {};
  }
}

function areNumbers(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((one) => typeof one === "number");
}

/** How the peer took over, from what it said since the other was killed; undefined while it has not. */
export function peerTakeoverOf(
  said: readonly PeerStanding[],
  killedAtMs: number,
  partitions: number,
): Takeover | undefined {
  const since = said.filter(({ atMs }) => atMs >= killedAtMs);
  const detected = since.findIndex(({ state }) => state === "REBALANCING");
  const ended = since.slice(detected).find(({ state, served }) => state === "RUNNING" && served.length === partitions);
  const detectedAtMs = since[detected]?.atMs;
  if (detectedAtMs === undefined || ended === undefined) return undefined;
  return { killedAtMs, detectedAtMs, agreedAtMs: undefined, endedAtMs: ended.atMs };
}
