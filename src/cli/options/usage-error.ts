/** Wrong use, found before anything was touched: told in one line, without a stack. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}
