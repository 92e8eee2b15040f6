/** What came of one kill. */
export interface Row {
  readonly machine: string;
  readonly scenario: string;
  readonly point: string;
  readonly fault: string;
  readonly outcome: string;
  /** From the beginning of the last recovery to the end of the run, by the world's clock. */
  readonly recoverS: number | null;
  readonly leaks: readonly string[];
  /** What must not be; empty: nothing. */
  readonly wrong: readonly string[];
}
