/**
 * Files that tools of this process write to. A tool that is called off takes a moment to end, and may
 * make its file in that moment: whoever removes the file waits for the end of the tool.
 */
export class DraftsInWriting {
  readonly #writings = new Map<string, Promise<unknown>>();

  async whileWriting<T>(path: string, writing: Promise<T>): Promise<T> {
    this.#writings.set(path, writing);
    try {
      return await writing;
    } finally {
      if (this.#writings.get(path) === writing) this.#writings.delete(path);
    }
  }

  /** Settles when nobody writes to any of them, however that ended. */
  async allWritten(paths: readonly string[]): Promise<void> {
    await Promise.allSettled(paths.flatMap((path) => this.#writings.get(path) ?? []));
  }
}
