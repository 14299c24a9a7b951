/** kafkajs 2.2.4's `Encoder`, as far as it is touched here. */
interface Encoder {
  buf: Buffer;
  offset: number;
  ensureAvailable(length: number): void;
  writeUVarInt(value: number): Encoder;
  writeVarInt(value: number): Encoder;
}

export interface EncoderClass {
  prototype: Encoder;
  sizeOfVarInt(value: number): number;
  sizeOfVarLong(value: unknown): number;
  nextPowerOfTwo(value: number): number;
}

/** What its constructor asks for when nothing else is said. */
const defaultSize = 511;
/** Typed arrays up to here live in V8's own heap; each larger one is an allocation outside of it. */
const onHeap = 64;

/**
 * kafkajs makes an encoder of 512 bytes for every header of every record, and a buffer for every number in it: half of the
 * time that the relay took. The same bytes come out with small buffers, and numbers written in place.
 */
export function quickenEncoder(encoder: EncoderClass): void {
  const { writeVarLong } = encoder.prototype as unknown as { writeVarLong(value: unknown): Encoder };
  const { sizeOfVarLong } = encoder;

  Object.assign(encoder.prototype, {
    // Not by nextPowerOfTwo, which below takes 511 for the constructor's question: also a record may need just as much.
    ensureAvailable(this: Encoder, length: number): void {
      const needed = this.offset + length;
      if (needed <= this.buf.length) return;
      const larger = Buffer.alloc(roomFor(needed));
      this.buf.copy(larger, 0, 0, this.offset);
      this.buf = larger;
    },
    writeUVarInt(this: Encoder, value: number): Encoder {
      this.ensureAvailable(5);
      let rest = value;
      for (; (rest & 0xffffff80) !== 0; rest >>>= 7) this.buf[this.offset++] = (rest & 0x7f) | 0x80;
      this.buf[this.offset++] = rest;
      return this;
    },
    // Differences of times within a batch; up to 30 bits both encodings are the same.
    writeVarLong(this: Encoder, value: unknown): Encoder {
      return isSmall(value) ? this.writeVarInt(value) : writeVarLong.call(this, value);
    },
  });
  Object.assign(encoder, {
    sizeOfVarLong: (value: unknown) =>
      isSmall(value) ? encoder.sizeOfVarInt(value) : sizeOfVarLong.call(encoder, value),
    nextPowerOfTwo: (value: number) => (value === defaultSize ? onHeap : roomFor(value)),
  });
}

function roomFor(length: number): number {
  const next = 1 << (32 - Math.clz32(length));
  return next <= 2 * onHeap ? next : Math.max(next, 1024);
}

function isSmall(value: unknown): value is number {
  return typeof value === 'number' && value >= 0 && value < 2 ** 30;
}
