import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import { Duplex, type Readable, type Writable } from 'node:stream';
import { ConnectError, SshError } from '../errors.ts';
import { channelOf, type ByteChannel } from './byte-channel.ts';
import { describeEndpoint, type SshEndpoint } from './endpoint.ts';
import { sshArguments } from './ssh-command.ts';

/** The reason comes last, behind banners and warnings. */
const stderrCharactersMax = 2_048;
/** How long after its output an ssh may take to end, and after its end the rest of what it wrote to come. */
const endTimeoutMs = 1_000;

type SshProcess = ChildProcessByStdio<Writable, Readable, Readable>;

/**
 * Starts ssh. Whether it gets through shows with the first answer of the daemon, or with the {@link SshError} that ends
 * the channel.
 */
export async function openSsh(endpoint: SshEndpoint, signal: AbortSignal): Promise<ByteChannel> {
  signal.throwIfAborted();
  const child = spawn(endpoint.program, sshArguments(endpoint), {
    stdio: ['pipe', 'pipe', 'pipe'],
    // In a session of its own: Ctrl-C on our terminal is for us, and we may need the connection to wind up.
    detached: true,
  });
  const address = describeEndpoint(endpoint);
  try {
    await once(child, 'spawn');
  } catch (error) {
    throw error instanceof Error ? new ConnectError(address, error) : error;
  }
  return channelOf(new SshStream(child, address), { joinsMessages: true });
}

/** The pipes of a running ssh as one stream. It ends with ssh, and ssh with it. */
class SshStream extends Duplex {
  readonly #child: SshProcess;
  readonly #address: string;
  #stderr = '';

  constructor(child: SshProcess, address: string) {
    super({ allowHalfOpen: false });
    this.#child = child;
    this.#address = address;
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr = (this.#stderr + text).slice(-stderrCharactersMax);
    });
    child.stdout.on('data', (chunk: Buffer) => {
      if (!this.push(chunk)) child.stdout.pause();
    });
    // What broke the pipes is told by the end of ssh, which follows.
    const expectEnd = (): void => this.#whenEnded(() => undefined);
    child.stdout.once('end', expectEnd);
    child.stdin.once('error', expectEnd).on('error', () => undefined);
    // Once it runs there is nothing to fail but a signal that comes too late.
    child.on('error', (error) => this.destroy(error));
    child.once('exit', () => this.#expectRest());
    child.once('close', (code, signal) => this.#onClose(code, signal));
  }

  override _read(): void {
    this.#child.stdout.resume();
  }

  override _write(chunk: Buffer, _encoding: string, written: () => void): void {
    this.#child.stdin.write(chunk, (error) => {
      // A failed write stays open: ssh's end closes the stream, and says why.
      if (error === undefined || error === null) written();
    });
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    const child = this.#child;
    child.stdin.destroy();
    child.stdout.destroy();
    child.stderr.destroy();
    child.kill('SIGTERM');
    this.#whenEnded(() => done(error));
  }

  /** A stuck ssh is not waited for long. */
  #whenEnded(act: () => void): void {
    const child = this.#child;
    if (child.exitCode !== null || child.signalCode !== null) {
      act();
      return;
    }
    const patience = setTimeout(() => child.kill('SIGKILL'), endTimeoutMs);
    child.once('exit', () => {
      clearTimeout(patience);
      act();
    });
  }

  /** A master connection that ssh left behind (ControlPersist) keeps its pipes open for hours. */
  #expectRest(): void {
    const { exitCode, signalCode } = this.#child;
    const patience = setTimeout(() => this.#onClose(exitCode, signalCode), endTimeoutMs);
    this.once('close', () => clearTimeout(patience));
  }

  #onClose(exitCode: number | null, signal: NodeJS.Signals | null): void {
    if (this.destroyed) return;
    if (exitCode === 0) {
      this.destroy();
      return;
    }
    const how =
      signal === null ? `ssh ended with status ${exitCode}` : `ssh was ended by ${signal}`;
    const stderr = printable(this.#stderr);
    this.destroy(new SshError(this.#address, { exitCode, how, stderr }));
  }
}

/** The other side writes this too: nothing in it may move the cursor of whoever reads the error. */
function printable(text: string): string {
  return (
    text
      .replaceAll(/\r?\n/g, '\n')
      .replaceAll(/[^\n\P{C}]/gu, '')
      // The frame around a warning.
      .replaceAll(/^@[@ ]*| *@$/gm, '')
      .trim()
  );
}
