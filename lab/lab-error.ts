/**
 * A fault that the lab's user can act on; its message is one line that says what and what to do.
 */
export class LabError extends Error {
  override readonly name = 'LabError';
}
