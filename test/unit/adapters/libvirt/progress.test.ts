import { expect, test } from 'vitest';
import { memoryReading, ProgressMeter } from '../../../../src/adapters/libvirt/progress.ts';

const disk = { stream: 'vda', processedBytes: 100, totalBytes: 1000, remainingBytes: 900 };

test('memory has no stream until QEMU counts it', () => {
  expect(memoryReading({ operation: 5, memory_total: 0 })).toBeNull();
});

test('memory is read from the job statistics', () => {
  const stats = { memory_total: 4096, memory_processed: 1024, memory_remaining: 3072n };
  expect(memoryReading(stats)).toEqual({
    stream: 'memory',
    processedBytes: 1024,
    totalBytes: 4096,
    remainingBytes: 3072,
  });
});

test('a rate needs two readings', () => {
  const meter = new ProgressMeter();
  meter.note(disk, 1_000);
  expect(meter.streams()).toEqual([{ ...disk, bytesPerS: null }]);
  meter.note({ ...disk, processedBytes: 350, remainingBytes: 650 }, 1_500);
  expect(meter.streams()).toMatchObject([{ processedBytes: 350, bytesPerS: 500 }]);
});

test('pauses between the pieces of a copy are part of its pace, longer ones slow it down', () => {
  const meter = new ProgressMeter();
  const rateAt = (processedBytes: number, atEpochMs: number) => {
    meter.note({ ...disk, processedBytes }, atEpochMs);
    return meter.streams()[0]?.bytesPerS;
  };
  rateAt(100, 0);
  expect(rateAt(300, 2_000)).toBe(100);
  expect(rateAt(300, 3_000)).toBe(100);
  expect(rateAt(500, 4_000)).toBe(100);
  expect(rateAt(500, 8_000)).toBe(50);
});

test('a stream never goes backwards', () => {
  const meter = new ProgressMeter();
  meter.note({ ...disk, processedBytes: 500 }, 1_000);
  meter.note({ ...disk, processedBytes: 300 }, 2_000);
  expect(meter.streams()).toMatchObject([{ processedBytes: 500, bytesPerS: 0 }]);
});

test('a stream whose job has ended keeps its place', () => {
  const meter = new ProgressMeter();
  meter.note(disk, 1_000);
  meter.complete('vda');
  meter.note({ ...disk, stream: 'memory' }, 2_000);
  expect(meter.streams()).toMatchObject([
    { stream: 'vda', processedBytes: 1000, remainingBytes: 0 },
    { stream: 'memory' },
  ]);
});
