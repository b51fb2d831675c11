import {
  createFileRegistry,
  fromBinary,
  toBinary,
  type DescFile,
  type DescMessage,
  type FileRegistry,
} from "@bufbuild/protobuf";
import { FileDescriptorProtoSchema, FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

const DESCRIPTOR_SET = path.join("gen", "leastwise.binpb");

let registry: FileRegistry | undefined;

/**
 * The contracts' descriptors, encoded `google.protobuf.FileDescriptorProto`s with every import: what gRPC reflection
 * serves. Throws if the generated set is not beside the code, which is a broken installation.
 */
export function fileDescriptors(): readonly Uint8Array[] {
  return descriptorSet().file.map((file) => toBinary(FileDescriptorProtoSchema, file));
}

/** The descriptor of a message by its name without the package: `Event`. An unknown name is a bug. */
export function messageDescriptor(name: string): DescMessage {
  registry ??= createFileRegistry(descriptorSet());
  const message = registry.getMessage(`leastwise.v1.${name}`);
  if (message === undefined) throw new RangeError(`leastwise.v1.${name} is no message of the contracts`);
  return message;
}

/** A file of the contracts. */
export interface ContractFile {
  /** As others import it: `leastwise/v1/money.proto`. */
  readonly name: string;
  /** Its encoded `google.protobuf.FileDescriptorProto`. */
  readonly descriptor: Uint8Array;
  /** Names of the files that it imports itself, without those that come with protobuf. */
  readonly imports: readonly string[];
}

/** The file of a message, last, after all that it needs: each behind what it imports. An unknown name is a bug. */
export function messageFiles(name: string): readonly ContractFile[] {
  const files = new Map<string, ContractFile>();
  const add = ({ proto, dependencies }: DescFile): void => {
    if (files.has(proto.name)) return;
    const ours = dependencies.filter((file) => !file.proto.name.startsWith("google/protobuf/"));
    ours.forEach(add);
    const descriptor = toBinary(FileDescriptorProtoSchema, proto);
    files.set(proto.name, { name: proto.name, descriptor, imports: ours.map((file) => file.proto.name) });
  };
  add(messageDescriptor(name).file);
  return [...files.values()];
}

function descriptorSet() {
  return fromBinary(FileDescriptorSetSchema, readFileSync(path.join(packageRoot(), DESCRIPTOR_SET)));
}

/** The nearest folder upward that holds the set: the code runs from `src` in tests and from `dist/src` when built. */
function packageRoot(): string {
  let folder = path.dirname(fileURLToPath(import.meta.url));
  while (!existsSync(path.join(folder, DESCRIPTOR_SET))) {
    const parent = path.dirname(folder);
    if (parent === folder) throw new Error(`${DESCRIPTOR_SET} is missing: run "npm run generate"`);
    folder = parent;
  }
  return folder;
}
