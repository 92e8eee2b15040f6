/** Which packets get lost: those that leave the host of that name, or all. */
export type Cut = { readonly from: string } | 'all';

/** The cable between the hosts. A cut loses what is on its way; a TCP peer notices much later. */
export class Link {
  readonly #changed: () => void;
  readonly #silent = new Set<string>();
  #allCut = false;
  #bandwidthBytesPerS: number;
  /** Grows with each change, so that whoever counts bytes knows when to count anew. */
  revision = 0;

  constructor(bandwidthBytesPerS: number, changed: () => void) {
    this.#bandwidthBytesPerS = bandwidthBytesPerS;
    this.#changed = changed;
  }

  get bandwidthBytesPerS(): number {
    return this.#bandwidthBytesPerS;
  }

  /** Do packets that leave `from` arrive? */
  delivers(from: string): boolean {
    return !this.#allCut && !this.#silent.has(from);
  }

  /** A byte stream needs its acknowledgements. */
  carries(from: string, to: string): boolean {
    return this.delivers(from) && this.delivers(to);
  }

  cut(what: Cut): void {
    if (what === 'all') this.#allCut = true;
    else this.#silent.add(what.from);
    this.#touch();
  }

  restore(): void {
    this.#allCut = false;
    this.#silent.clear();
    this.#touch();
  }

  setBandwidth(bytesPerS: number): void {
    this.#bandwidthBytesPerS = bytesPerS;
    this.#touch();
  }

  #touch(): void {
    this.revision += 1;
    this.#changed();
  }
}
