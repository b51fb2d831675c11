/**
 * Goes over a cart's bytes, product by product and change by change, and makes nothing. The bytes are as `cart-encoding.ts` writes them: products in
 * the order of code units, the changes of each in the order of time.
 */
export class CartCursor {
  #u8: Uint8Array = new Uint8Array(0);
  #at = 0;
  #productsLeft = 0;
  #changesLeft = 0;
  /** Products of the cart. */
  products = 0;
  /** Byte at which the product begins, and its id, whose length comes first. */
  productAt = 0;
  /** The change's fields. */
  atMs = 0;
  units = 0;
  unitPriceMinor: number | undefined = undefined;

  /** Byte behind what was gone over. */
  get at(): number {
    return this.#at;
  }

  /** Begins before the first product of the cart that begins at a byte. */
  begin(u8: Uint8Array, at: number): this {
    this.#u8 = u8;
    this.#at = at;
    this.products = this.#integer();
    this.#productsLeft = this.products;
    this.#changesLeft = 0;
    return this;
  }

  /** Goes on to the next product, all changes of the one before gone over; false if there is none. */
  nextProduct(): boolean {
    if (this.#productsLeft === 0) return false;
    this.#productsLeft -= 1;
    this.productAt = this.#at;
    this.#skipText();
    this.#changesLeft = this.#integer();
    return true;
  }

  /** Goes on to the next change of the product; false if there is none. */
  nextChange(): boolean {
    if (this.#changesLeft === 0) return false;
    this.#changesLeft -= 1;
    this.atMs = this.#integer();
    this.units = this.#integer();
    this.#at += 1;
    this.unitPriceMinor = this.#u8[this.#at - 1] === 0 ? undefined : this.#integer();
    return true;
  }

  /** Compares the product's id with another, by code units: negative if it comes before it, 0 if it is the same. */
  compareProduct(productId: string): number {
    const u8 = this.#u8;
    const behind = this.#at;
    this.#at = this.productAt;
    const length = this.#codeUnit();
    for (let index = 0; index < length && index < productId.length; index += 1) {
      const byte = u8[this.#at] ?? 0;
      const code = byte < 0x80 ? byte : this.#codeUnit();
      if (byte < 0x80) this.#at += 1;
      const difference = code - productId.charCodeAt(index);
      if (difference === 0) continue;
      this.#at = behind;
      return difference;
    }
    this.#at = behind;
    return length - productId.length;
  }

  #skipText(): void {
    const u8 = this.#u8;
    for (let left = this.#codeUnit(); left > 0; this.#at += 1) if ((u8[this.#at] ?? 0) < 0x80) left -= 1;
  }

  #codeUnit(): number {
    const u8 = this.#u8;
    let byte = u8[this.#at] ?? 0;
    let value = byte & 0x7f;
    for (let shift = 7; byte >= 0x80; shift += 7) {
      this.#at += 1;
      byte = u8[this.#at] ?? 0;
      value |= (byte & 0x7f) << shift;
    }
    this.#at += 1;
    return value;
  }

  #integer(): number {
    const u8 = this.#u8;
    let at = this.#at;
    let byte = u8[at] ?? 0;
    const isNegative = (byte & 1) === 1;
    let magnitude = (byte & 0x7f) >> 1;
    for (let scale = 64; byte >= 0x80; scale *= 128) {
      at += 1;
      byte = u8[at] ?? 0;
      magnitude += (byte & 0x7f) * scale;
    }
    this.#at = at + 1;
    return isNegative ? -magnitude - 1 : magnitude;
  }
}
