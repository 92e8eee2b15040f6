import { StoreError } from '../ports/run-store.ts';

/**
 * A value as the text that is kept.
 *
 * @throws StoreError storeFailed: it cannot be written as JSON
 */
export function toText(value: unknown, what: string): string {
  try {
    const text: string | undefined = JSON.stringify(value);
    if (text !== undefined) return text;
  } catch (error) {
    throw new StoreError('storeFailed', `${what} cannot be written as JSON`, { cause: error });
  }
  throw new StoreError('storeFailed', `${what} cannot be written as JSON`);
}
