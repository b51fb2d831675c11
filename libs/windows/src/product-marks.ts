import { productMark } from "./distinct.js";

const REMEMBERED_MAX = 65_536;

/**
 * Remembers marks of products, since many events speak of few products and hashing costs more than looking up. It
 * holds at most 65,536 and then starts anew; what it answers never depends on what it remembers.
 */
export class ProductMarks {
  readonly #marks = new Map<string, number>();

  of(productId: string): number {
    const known = this.#marks.get(productId);
    if (known !== undefined) return known;
    const mark = productMark(productId);
    if (this.#marks.size === REMEMBERED_MAX) this.#marks.clear();
    this.#marks.set(productId, mark);
    return mark;
  }
}
