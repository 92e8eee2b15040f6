import type { z } from 'zod';

import { BusyError, EngineError } from '../engine/engine-error.ts';
import { FailureError } from '../ports/failure.ts';
import { StoreError } from '../ports/run-store.ts';

export const problemMediaType = 'application/problem+json';

/** One field that is wrong, by its JSON pointer. */
export interface FieldError {
  readonly path: string;
  readonly message: string;
}

interface ProblemParts {
  readonly status: number;
  /** Stable: what a program decides by. */
  readonly code: string;
  readonly detail: string;
  readonly errors?: readonly FieldError[];
  /** What else belongs to this kind of problem. */
  readonly more?: Readonly<Record<string, unknown>>;
  readonly headers?: Readonly<Record<string, string>>;
}

const titles: Readonly<Record<number, string>> = {
  400: 'Bad request',
  401: 'Not authenticated',
  403: 'Forbidden',
  404: 'Not found',
  405: 'Method not allowed',
  408: 'Request timeout',
  409: 'Conflict',
  413: 'Content too large',
  414: 'URI too long',
  415: 'Unsupported media type',
  421: 'Misdirected request',
  422: 'Unprocessable content',
  429: 'Too many requests',
  431: 'Header fields too large',
  502: 'Bad gateway',
  503: 'Service unavailable',
};

/** An answer that is no success, as RFC 9457 has it. */
export class Problem extends Error {
  override readonly name = 'Problem';
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly #parts: ProblemParts;

  constructor(parts: ProblemParts, options?: ErrorOptions) {
    super(parts.detail, options);
    this.#parts = parts;
    this.status = parts.status;
    this.headers = parts.headers ?? {};
  }

  toBody(): object {
    const { status, code, detail, errors, more } = this.#parts;
    return {
      type: 'about:blank',
      title: titles[status] ?? 'Error',
      status,
      code,
      detail,
      ...(errors === undefined ? {} : { errors }),
      ...more,
    };
  }
}

/** Fields that do not fit, each at its place. */
export function invalid(issues: readonly z.core.$ZodIssue[], at: readonly string[] = []): Problem {
  const errors = issues.slice(0, 50).map(({ message, path }) => ({
    path: [...at, ...path.map(String)].map((step) => `/${escaped(step)}`).join(''),
    message,
  }));
  const [first] = errors;
  const detail = first === undefined ? 'the request is wrong' : `${first.path}: ${first.message}`;
  return new Problem({ status: 422, code: 'invalid', detail, errors });
}

/** RFC 6901. */
const escaped = (step: string): string => step.replaceAll('~', '~0').replaceAll('/', '~1');

const engineStatus = {
  noMachine: 422,
  badInput: 422,
  runExists: 409,
  busy: 409,
  closed: 503,
  notAnswered: 503,
};

/** What is told of an error; `null`: it is a bug of ours. */
export function problemOf(error: unknown): Problem | null {
  if (error instanceof Problem) return error;
  if (error instanceof BusyError) {
    const { ahead, lock } = error;
    const holders = error.holders.map(({ id }) => id);
    const more = { lock, holders, ahead };
    const who =
      holders.length === 0
        ? `${ahead} other requests came first`
        : `run ${holders.join(', run ')} holds it`;
    const detail = `${lock} is taken: ${who}. Nothing was started; with waitMs the request queues`;
    return new Problem({ status: 409, code: 'busy', detail, more }, { cause: error });
  }
  if (error instanceof EngineError)
    return new Problem({
      status: engineStatus[error.code],
      code: error.code,
      detail: error.message,
    });
  if (error instanceof StoreError)
    return new Problem({ status: 503, code: error.code, detail: error.message });
  if (error instanceof FailureError)
    return new Problem({ status: 502, code: error.failure.code, detail: error.message });
  return problemOfAbort(error) ?? problemOfHttp(error);
}

/** Whoever asked has gone, the service is stopping, or a host took too long. */
function problemOfAbort(error: unknown): Problem | null {
  if (!(error instanceof Error)) return null;
  if (error.name === 'TimeoutError')
    return new Problem({ status: 502, code: 'timeout', detail: 'a host did not answer in time' });
  if (error.name === 'AbortError')
    return new Problem({ status: 503, code: 'stopped', detail: 'this was called off' });
  return null;
}

/** What the framework refuses by itself carries a status below 500. */
function problemOfHttp(error: unknown): Problem | null {
  if (!(error instanceof Error) || !('statusCode' in error)) return null;
  const { message: detail, statusCode } = error;
  if (typeof statusCode !== 'number' || statusCode < 400 || statusCode >= 500) return null;
  const code = codes[statusCode] ?? 'badRequest';
  return new Problem({ status: statusCode, code, detail });
}

const codes: Readonly<Record<number, string>> = {
  404: 'notFound',
  408: 'timeout',
  413: 'tooLarge',
  414: 'tooLong',
  415: 'mediaType',
  429: 'tooMany',
  431: 'tooLarge',
};

/** A bug: its words are for the log, not for whoever asked. */
export function fault(): object {
  const detail = 'the service met a fault of its own; its log says which';
  return { type: 'about:blank', title: 'Internal error', status: 500, code: 'fault', detail };
}
