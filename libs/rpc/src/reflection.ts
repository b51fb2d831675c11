import { fromBinary, toBinary } from "@bufbuild/protobuf";
import { FileDescriptorProtoSchema } from "@bufbuild/protobuf/wkt";
import type { Server } from "@grpc/grpc-js";
import { ReflectionService } from "@grpc/reflection";
import { fileDescriptors } from "@leastwise/contracts";
import { service as healthService } from "grpc-health-check";

/**
 * Serves the contracts' descriptors, so that grpcurl and its like work with no proto files. Only the services that are
 * really here are listed, and health with them.
 */
export function addReflection(server: Server, services: readonly string[]): void {
  const files = [...fileDescriptors().map((bytes) => Buffer.from(bytes)), ...healthDescriptors()];
  // The service reads nothing but the files of a definition, whatever it is said to be of.
  const definition = {
    format: "Protocol Buffer 3 EnumDescriptorProto" as const,
    type: {},
    fileDescriptorProtos: files,
  };
  const listed = [...services, "grpc.health.v1.Health"];
  new ReflectionService({ everything: definition }, { services: listed }).addToServer(server);
}

/**
 * The health service's own descriptors. protobufjs, which made them, names the entry of a map after its field, where protoc
 * appends `Entry`; grpcurl refuses the whole file for that.
 */
function healthDescriptors(): readonly Buffer[] {
  const made = new Map<string, Buffer>();
  for (const { requestType } of Object.values(healthService)) {
    for (const bytes of requestType.fileDescriptorProtos) {
      const file = fromBinary(FileDescriptorProtoSchema, bytes);
      for (const message of file.messageType) {
        for (const entry of message.nestedType.filter((nested) => nested.options?.mapEntry === true)) {
          const field = message.field.find(({ typeName }) => typeName === entry.name);
          if (field === undefined) continue;
          entry.name = `${entry.name}Entry`;
          field.typeName = entry.name;
        }
      }
      made.set(file.name, Buffer.from(toBinary(FileDescriptorProtoSchema, file)));
    }
  }
  return [...made.values()];
}
