import { randomBytes } from 'node:crypto';
import { errorCodes, isLibvirtError } from '../error-codes.ts';
import { AuthenticationError, UnsupportedAuthError } from '../errors.ts';
import { connectProcedures } from '../protocol/index.ts';
import type { Session } from '../rpc/session.ts';
import type { Login } from './credentials.ts';
import { ScramClient, ScramFailure, scramMechanism, type Credentials } from './scram.ts';

const nonceBytes = 24;
/** Challenge, signature, and the empty word that some servers want after it. */
const stepsMax = 4;

type Caller = Pick<Session, 'call'>;
interface ServerWord {
  readonly complete: boolean;
  readonly nil: boolean;
  readonly data: Uint8Array;
}

/**
 * Logs in by SASL: REMOTE_PROC_AUTH_SASL_INIT, _START, _STEP.
 *
 * @throws UnsupportedAuthError when the daemon offers nothing that we speak, AuthenticationError, or what a call throws.
 */
export async function authenticateBySasl(
  caller: Caller,
  login: Login,
  signal: AbortSignal,
): Promise<void> {
  const { mechanisms } = await caller.call(connectProcedures.authSaslInit, undefined, signal);
  const offered = mechanisms.split(',').map((name) => name.trim());
  if (!offered.includes(scramMechanism)) {
    throw new UnsupportedAuthError(offered, `of SASL this client speaks ${scramMechanism} only`);
  }
  const credentials = await login.credentials(signal);
  const who = { host: login.host, username: credentials.username };
  try {
    await exchange(caller, credentials, signal);
  } catch (error) {
    if (error instanceof ScramFailure) throw new AuthenticationError(error.message, who, error);
    if (isLibvirtError(error, errorCodes.AUTH_FAILED)) {
      throw new AuthenticationError('the daemon refuses the user name or the password', who, error);
    }
    throw error;
  }
}

async function exchange(
  caller: Caller,
  credentials: Credentials,
  signal: AbortSignal,
): Promise<void> {
  const scram = new ScramClient(credentials, randomBytes(nonceBytes).toString('base64'));
  const step = (data: Uint8Array | null): Promise<ServerWord> =>
    caller.call(connectProcedures.authSaslStep, toWord(data), signal);
  const start = { mechanism: scramMechanism, ...toWord(scram.first()) };
  const challenge = await caller.call(connectProcedures.authSaslStart, start, signal);
  let word = await step(await scram.final(toText(challenge)));
  scram.verify(toText(word));
  for (let steps = 2; !word.complete; steps += 1) {
    if (steps === stepsMax) throw new ScramFailure('the server does not come to an end');
    word = await step(null);
  }
}

/** SASL tells no word from an empty one. */
function toWord(data: Uint8Array | null): { nil: boolean; data: Uint8Array } {
  return { nil: data === null, data: data ?? new Uint8Array() };
}

function toText({ data }: ServerWord): string {
  return Buffer.from(data).toString('latin1');
}
