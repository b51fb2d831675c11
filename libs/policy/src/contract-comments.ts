import { fromBinary } from "@bufbuild/protobuf";
import { FileDescriptorSetSchema, type FileDescriptorProto } from "@bufbuild/protobuf/wkt";
import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { ContractComments } from "./document-schema.js";

const ROOT = new URL("../../../", import.meta.url);

/** Numbers of fields of `google.protobuf.FileDescriptorProto` and what is in it, which paths of locations are made of. */
const MESSAGE_TYPE = 4;
const FIELD = 2;

/** What `proto/` says, read by the compiler that generates from it: for those who build, not for those who run. */
export function contractComments(): ContractComments {
  const buf = fileURLToPath(new URL("node_modules/.bin/buf", ROOT));
  const bytes = execFileSync(buf, ["build", "-o", "-"], {
    cwd: fileURLToPath(new URL("proto", ROOT)),
    maxBuffer: 64 << 20,
  });
  return new Map(fromBinary(FileDescriptorSetSchema, bytes).file.flatMap(commentsOf));
}

function commentsOf(file: FileDescriptorProto): [string, string][] {
  return (file.sourceCodeInfo?.location ?? []).flatMap(({ path, leadingComments }): [string, string][] => {
    const name = nameAt(file, path);
    return name === undefined || leadingComments === "" ? [] : [[`${file.package}.${name}`, oneLine(leadingComments)]];
  });
}

/** Name of the message, or of its field, that a path leads to; undefined for other things. */
function nameAt(
  file: FileDescriptorProto,
  [kind, index, within, place, ...deeper]: readonly number[],
): string | undefined {
  const message = kind === MESSAGE_TYPE && index !== undefined ? file.messageType[index] : undefined;
  if (message === undefined || deeper.length > 0) return undefined;
  if (within === undefined) return message.name;
  const field = within === FIELD && place !== undefined ? message.field[place] : undefined;
  return field === undefined ? undefined : `${message.name}.${field.name}`;
}

function oneLine(comment: string): string {
  return comment.trim().replace(/\s+/g, " ");
}
