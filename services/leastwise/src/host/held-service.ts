import { refuse, type defineService, type RpcService } from "@leastwise/rpc";
import { err, refusal } from "@leastwise/vocabulary";

type Method = RpcService["methods"][number];

type Definition = Parameters<typeof defineService>[0];

/** A service whose door is open before what stands behind it is restored: another one answers meanwhile. */
export interface HeldService {
  /** For the door. */
  readonly service: RpcService;
  /** From now on this one answers. */
  become(ready: RpcService): void;
}

/** Holds a service's place at the door. */
export function holdService(meanwhile: RpcService): HeldService {
  let handlers = handlersOf(meanwhile);
  const methods = meanwhile.methods.map((bound): Method => ({
    ...bound,
    handler: (request, context) => {
      const handler = handlers.get(bound.name);
      if (handler === undefined) throw new Error(`${bound.method.path} has no handler`);
      return handler(request, context);
    },
  }));
  return {
    service: { name: meanwhile.name, methods },
    become: (ready) => {
      if (ready.name !== meanwhile.name) throw new Error(`${ready.name} cannot stand in for ${meanwhile.name}`);
      handlers = handlersOf(ready);
    },
  };
}

function handlersOf({ methods }: RpcService): ReadonlyMap<string, Method["handler"]> {
  return new Map(methods.map(({ name, handler }) => [name, handler]));
}

/** Answers every method with UNAVAILABLE `restoring`: nothing can be said yet, and a moment later it can. */
export function restoringService(definition: Definition): RpcService {
  const expected = "a call when the log has been read; the same call soon";
  const restoring = () =>
    Promise.resolve(err(refuse("UNAVAILABLE", refusal("restoring", "", "a call while the log is read", expected))));
  const methods = Object.entries(definition).map(([name, method]) => ({ name, method, handler: restoring }));
  const [first] = methods;
  if (first === undefined) throw new Error("a service without methods");
  return { name: first.method.path.split("/")[1] ?? "", methods };
}
