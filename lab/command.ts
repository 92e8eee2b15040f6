import { execFile } from 'node:child_process';

/** A child process ended badly: which one, how, and what it said. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
  readonly exitCode: number | null;
  readonly stderr: string;

  constructor(file: string, args: readonly string[], exitCode: number | null, stderr: string) {
    const ending = exitCode === null ? 'did not end in time' : `exited with ${exitCode}`;
    super(`${[file, ...args].join(' ')} ${ending}: ${stderr.trim()}`);
    this.exitCode = exitCode;
    this.stderr = stderr;
  }
}

/** How a command is run. */
export interface CommandOptions {
  /** Text for its standard input; without it the input is empty. */
  readonly input?: string | Uint8Array;
  readonly timeoutMs?: number;
  readonly cwd?: string;
  /** {@link plainEnvironment} without. */
  readonly environment?: Readonly<Record<string, string>>;
}

const outputBytesMax = 64 * 1024 * 1024;

/** The environment of every child: nothing of the caller's settings may bend what the lab does. */
export const plainEnvironment: Readonly<Record<string, string>> = {
  PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  HOME: '/root',
  LC_ALL: 'C.UTF-8',
  DEBIAN_FRONTEND: 'noninteractive',
};

/**
 * Runs a program by argument array and gives its standard output.
 * @throws {CommandError} when it fails, cannot be started or does not end within
 * `timeoutMs` (30 s).
 */
export function runForBytes(
  file: string,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const child = execFile(
      file,
      args,
      {
        encoding: 'buffer',
        env: options.environment ?? plainEnvironment,
        maxBuffer: outputBytesMax,
        timeout: options.timeoutMs ?? 30_000,
        killSignal: 'SIGKILL',
        ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
      },
      (error, stdout, stderr) => {
        if (error === null) return resolve(stdout);
        const exitCode = typeof error.code === 'number' ? error.code : null;
        const reason = stderr.length > 0 ? stderr.toString() : error.message;
        reject(new CommandError(file, args, exitCode, reason));
      },
    );
    // A child that ends before it has read its input closes the pipe: its exit status tells the
    // story.
    child.stdin?.on('error', () => undefined);
    child.stdin?.end(options.input ?? '');
  });
}

/** Like {@link runForBytes}, as text. */
export async function run(
  file: string,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<string> {
  return (await runForBytes(file, args, options)).toString('utf8');
}
