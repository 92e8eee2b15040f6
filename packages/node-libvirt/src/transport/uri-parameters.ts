import { InvalidUriError } from '../errors.ts';

/**
 * What ssh takes for a plain file name: it would expand "%" and "~", and split at blanks, before it opens a file; and what
 * goes on to the remote shell must mean nothing there.
 */
const plainPath = /^\/[\w./@:+,=-]*$/;
const plainProgram = /^[\w./+][\w./+-]*$/;

/** The parameters behind the "?" of a connection URI, each read by what it must be. */
export class UriParameters {
  readonly #uri: string;
  readonly #values = new Map<string, string>();

  /** @throws InvalidUriError for a name that is not among `known`, one given twice, or a broken % escape. */
  constructor(uri: string, search: string, known: readonly string[]) {
    this.#uri = uri;
    for (const parameter of search.slice(1).split('&')) {
      if (parameter === '') continue;
      const at = parameter.indexOf('=');
      const name = at === -1 ? parameter : parameter.slice(0, at);
      if (!known.includes(name)) {
        const those = known.length === 0 ? 'none is' : `${known.join(', ')} would be`;
        throw new InvalidUriError(uri, `parameter "${name}" is not supported here; ${those}`);
      }
      if (this.#values.has(name))
        throw new InvalidUriError(uri, `parameter "${name}" is given twice`);
      // libvirt decodes only %XX: a "+" in a path is a plus, so URLSearchParams will not do.
      this.#values.set(name, at === -1 ? '' : decodeUriPart(uri, parameter.slice(at + 1)));
    }
  }

  has(name: string): boolean {
    return this.#values.has(name);
  }

  /** The absolute path of a file of this machine. */
  path(name: string): string | null {
    const value = this.#values.get(name);
    if (value === undefined) return null;
    if (!value.startsWith('/') || value.includes('\0')) {
      throw new InvalidUriError(this.#uri, `${name} must be an absolute path`);
    }
    return value;
  }

  /** An absolute path that means itself to ssh and to a shell. */
  plainPath(name: string): string | null {
    const value = this.path(name);
    if (value !== null && !plainPath.test(value)) {
      throw new InvalidUriError(
        this.#uri,
        `${name} may hold letters, digits and _ . / @ : + , = -`,
      );
    }
    return value;
  }

  /** The name or path of a program of the other side. */
  plainProgram(name: string): string | null {
    const value = this.#values.get(name);
    if (value === undefined) return null;
    if (!plainProgram.test(value)) {
      throw new InvalidUriError(
        this.#uri,
        `${name} may hold letters, digits and _ . / + -, and not begin with -`,
      );
    }
    return value;
  }

  flag(name: string): boolean {
    return this.oneOf(name, ['0', '1']) === '1';
  }

  oneOf<const T extends string>(name: string, values: readonly T[]): T | null {
    const value = this.#values.get(name);
    if (value === undefined) return null;
    const found = values.find((known) => known === value);
    if (found === undefined) {
      throw new InvalidUriError(this.#uri, `${name} must be ${values.join(' or ')}`);
    }
    return found;
  }
}

/** @throws InvalidUriError for a broken % escape. */
export function decodeUriPart(uri: string, text: string): string {
  try {
    return decodeURIComponent(text);
  } catch (error) {
    if (error instanceof URIError) throw new InvalidUriError(uri, 'has a broken % escape');
    throw error;
  }
}
