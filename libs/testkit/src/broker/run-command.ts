import { execFile } from "node:child_process";

/** How a command ended: its standard output and error together, and whether it succeeded. */
export interface CommandResult {
  readonly succeeded: boolean;
  readonly output: string;
}

/** Runs a command to its end, or for a while. Never rejects: a command that is not there did not succeed. */
export function runCommand(
  command: string,
  args: readonly string[],
  timeoutMs: number,
  environment: NodeJS.ProcessEnv = process.env,
): Promise<CommandResult> {
  return new Promise((resolve) => {
    execFile(
      command,
      args,
      { timeout: timeoutMs, killSignal: "SIGKILL", encoding: "utf8", env: environment },
      (error, stdout, stderr) => {
        resolve({ succeeded: error === null, output: `${stdout}${stderr}` });
      },
    );
  });
}
