import { connect } from "node:net";

const METADATA_KEY = 3;
const METADATA_VERSION = 1;
const FIND_COORDINATOR_KEY = 10;
const ANSWERS_WITHIN_MS = 2_000;

/** A partition as one broker knows it. */
export interface PartitionState {
  readonly partition: number;
  /** Node id; -1 if there is none now. */
  readonly leader: number;
  readonly replicas: readonly number[];
  readonly inSync: readonly number[];
}

/** What one broker knows of the cluster: brokers that it takes for dead are not in it. */
export interface ClusterState {
  readonly brokers: readonly number[];
  readonly topics: ReadonlyMap<string, readonly PartitionState[]>;
}

/**
 * Asks one broker, and no other: a client library would ask whom it likes. Rejects when it does not answer in time. Over a
 * plaintext listener only.
 */
export async function clusterState(address: string, topics: readonly string[] = []): Promise<ClusterState> {
  const names = topics.map(text);
  const body = Buffer.concat([int32(names.length), ...names]);
  const answer = new Answer(await ask(address, METADATA_KEY, METADATA_VERSION, body));
  const brokers = answer.list(() => {
    const id = answer.int32();
    answer.text();
    answer.int32();
    answer.text();
    return id;
  });
  answer.int32();
  const known = answer.list(() => {
    answer.int16();
    const name = answer.text();
    answer.skip(1);
    return [name, answer.list(() => partitionState(answer))] as const;
  });
  return { brokers, topics: new Map(known) };
}

function partitionState(answer: Answer): PartitionState {
  answer.int16();
  const partition = answer.int32();
  const leader = answer.int32();
  const replicas = answer.list(() => answer.int32());
  const inSync = answer.list(() => answer.int32());
  return { partition, leader, replicas, inSync };
}

/** Node id of the group's coordinator, as the broker at the address knows it; undefined if it knows none now. */
export async function groupCoordinator(address: string, group: string): Promise<number | undefined> {
  const answer = new Answer(await ask(address, FIND_COORDINATOR_KEY, 0, text(group)));
  return answer.int16() === 0 ? answer.int32() : undefined;
}

/** The body of the answer. */
function ask(address: string, key: number, version: number, body: Buffer): Promise<Buffer> {
  const [host, port] = address.split(/:(?=\d+$)/);
  const head = Buffer.concat([int16(key), int16(version), int32(1), text("testkit")]);
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), host);
    const fail = (why: string): void => {
      socket.destroy();
      reject(new Error(`broker ${address}: ${why}`));
    };
    let received: Buffer = Buffer.alloc(0);
    socket.setTimeout(ANSWERS_WITHIN_MS, () => {
      fail(`no answer within ${ANSWERS_WITHIN_MS} ms`);
    });
    socket.once("error", (error) => {
      fail(error.message);
    });
    socket.once("close", () => {
      fail("the connection was closed");
    });
    socket.on("data", (bytes: Buffer) => {
      received = Buffer.concat([received, bytes]);
      if (received.length < 4 || received.length < 4 + received.readInt32BE()) return;
      resolve(received.subarray(8));
      socket.destroy();
    });
    socket.write(Buffer.concat([int32(head.length + body.length), head, body]));
  });
}

function int16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeInt16BE(value);
  return bytes;
}

function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value);
  return Buffer.concat([int16(bytes.length), bytes]);
}

/** Reads an answer from its front to its end. */
class Answer {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  skip(bytes: number): void {
    this.#at += bytes;
  }

  int16(): number {
    this.#at += 2;
    return this.#bytes.readInt16BE(this.#at - 2);
  }

  int32(): number {
    this.#at += 4;
    return this.#bytes.readInt32BE(this.#at - 4);
  }

  /** Empty if it is null. */
  text(): string {
    const bytes = Math.max(this.int16(), 0);
    this.#at += bytes;
    return this.#bytes.toString("utf8", this.#at - bytes, this.#at);
  }

  list<T>(read: () => T): T[] {
    return Array.from({ length: Math.max(this.int32(), 0) }, read);
  }
}
