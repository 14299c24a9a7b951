import { randomBytes } from 'node:crypto';
import { createRequire } from 'node:module';
import { expect, it } from '@jest/globals';
import { quickenEncoder, type EncoderClass } from './quick-encoder.js';

const require = createRequire(import.meta.url);
const Encoder = require('kafkajs/src/protocol/encoder.js') as EncoderClass;
const encodeRecord = require('kafkajs/src/protocol/recordBatch/record/v0/index.js') as (record: object) => {
  buffer: Buffer;
};

it('makes the same bytes as before', () => {
  const sizes = [0, 1, 40, 62, 63, 64, 65, 126, 127, 128, 129, 500, 511, 512, 1_023, 1_024, 5_000, 70_000];
  const times = [0, 1, 63, 64, 300, 100_000, 2 ** 30 - 1, 2 ** 30, 2 ** 31, 2 ** 40, -1, -70];
  const records: object[] = sizes.map((size, index) => ({
    offsetDelta: size * 1_000,
    timestampDelta: times[index % times.length],
    key: randomBytes(size),
    value: index % 4 === 0 ? null : 'ü'.repeat(size),
    headers: { name: 'v'.repeat(size), [`n${'x'.repeat(size)}`]: randomBytes(size), twice: ['a', 'b'] },
  }));
  // Every length around the sizes of buffers, so that some record fills each of them to the last byte.
  for (let size = 0; size < 1_100; size += 1) records.push({ key: null, value: 'v'.repeat(size) });
  for (const timestampDelta of times) records.push({ timestampDelta, key: null, value: '{}' });
  const encode = () => records.map((record) => encodeRecord(record).buffer.toString('base64'));
  const before = encode();
  const { nextPowerOfTwo } = Encoder;
  quickenEncoder(Encoder);
  expect(Encoder.nextPowerOfTwo).not.toBe(nextPowerOfTwo);
  expect(encode()).toEqual(before);
});
