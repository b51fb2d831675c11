import kafkajs from "kafkajs";
import type { Claimant } from "../../ownership/assignment.js";

const { MemberAssignment, MemberMetadata } = kafkajs.AssignerProtocol;

/** What a member tells the group when it joins. */
export type Claims = Pick<Claimant, "address" | "claims" | "generation">;

/** A later version may add fields, but leaves these as they are. */
const VERSION = 1;

/** What cannot be read counts as said by nobody, so that one strange member does not keep the others from agreeing. */
const NOTHING: Claims = { address: "", claims: [], generation: 0 };

/** The member's metadata for JoinGroup: the topic, and as user data its claims as JSON. */
export function encodeClaims(topics: readonly string[], claims: Claims): Buffer {
  const userData = Buffer.from(JSON.stringify({ version: VERSION, ...claims }));
  return MemberMetadata.encode({ version: VERSION, topics: [...topics], userData });
}

/** Never throws. */
export function decodeClaims(metadata: Buffer): Claims {
  try {
    const { userData } = metadataOf(metadata);
    return readClaims(JSON.parse(userData.toString()) as unknown);
  } catch {
    return NOTHING;
  }
}

/** What a member was given, for SyncGroup. */
export function encodeOwned(topic: string, partitions: readonly number[]): Buffer {
  return MemberAssignment.encode({
    version: VERSION,
    assignment: { [topic]: [...partitions] },
    userData: Buffer.alloc(0),
  });
}

/** Partitions that a member was given, of whatever topic: a group of owners has one. Never throws. */
export function decodeOwned(assignment: Buffer): readonly number[] {
  try {
    const decoded = MemberAssignment.decode(assignment);
    return decoded === null
      ? []
      : Object.values(decoded.assignment)
          .flat()
          .sort((a, b) => a - b);
  } catch {
    return [];
  }
}

function metadataOf(metadata: Buffer): { readonly userData: Buffer } {
  const decoded = MemberMetadata.decode(metadata);
  if (decoded === null) throw new RangeError("no metadata");
  return decoded;
}

function readClaims(said: unknown): Claims {
  if (typeof said !== "object" || said === null) return NOTHING;
  const { address, claims, generation }: Partial<Record<keyof Claims, unknown>> = said;
  if (typeof address !== "string" || !Array.isArray(claims) || !isCount(generation)) return NOTHING;
  return { address, claims: claims.filter(isCount), generation };
}

function isCount(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}
