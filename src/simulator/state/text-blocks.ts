/** Where a text stands. Its block lasts as long as anybody refers to it. */
export interface PlacedText {
  readonly block: Block;
  /** Bytes from the block's beginning, the end not included. */
  readonly from: number;
  readonly to: number;
}

interface Block {
  readonly bytes: Buffer;
  /** How many of its texts were not taken away. */
  texts: number;
}

/** Bytes of a block: some hundred events. A longer text has one to itself. */
const BLOCK = 256 * 1024;

/**
 * Texts, many to a block of bytes outside of the heap. As strings among objects that last for another time than they do,
 * they leave a heap of holes behind, which grows to twice what is in it; and each of them is one more for a collector of
 * garbage to mark. Here a block goes as a whole, once the last of its texts has gone.
 */
export class TextBlocks {
  private current: Block | undefined;
  /** Bytes of the current block that are taken. */
  private filled = 0;
  /** Bytes of the texts that are there, and of the blocks which hold them. */
  private live = 0;
  private held = 0;

  /** Whether few texts hold many blocks: who has placed them all again holds less than half. */
  get isSparse(): boolean {
    return this.held > 2 * this.live + 2 * BLOCK;
  }

  place(text: string): PlacedText {
    const length = Buffer.byteLength(text);
    const block = this.blockFor(length);
    const from = this.filled;
    this.filled += block.bytes.write(text, from);
    this.live += length;
    block.texts += 1;
    return { block, from, to: this.filled };
  }

  read({ block, from, to }: PlacedText): string {
    return block.bytes.toString('utf8', from, to);
  }

  /** The text is not asked for any more, but for by those who hold its place already. */
  take({ block, from, to }: PlacedText): void {
    this.live -= to - from;
    block.texts -= 1;
    if (block !== this.current) this.letGo(block);
  }

  private blockFor(length: number): Block {
    const { current } = this;
    if (current !== undefined && this.filled + length <= current.bytes.length) return current;
    const block: Block = { bytes: Buffer.allocUnsafeSlow(Math.max(BLOCK, length)), texts: 0 };
    this.current = block;
    this.filled = 0;
    this.held += block.bytes.length;
    if (current !== undefined) this.letGo(current);
    return block;
  }

  private letGo({ bytes, texts }: Block): void {
    if (texts === 0) this.held -= bytes.length;
  }
}
