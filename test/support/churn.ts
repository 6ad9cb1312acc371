// Allocates and releases memory like a server, and prints the maximum size of the heap minus live objects, in bytes.
import { getHeapStatistics } from 'node:v8';
import { limitHeap, createProcessHeap } from '../../src/runtime/heap.ts';

if (process.argv[2] === 'bounded') limitHeap();

const heap = createProcessHeap();
const retained = Array.from({ length: 300 }, () => Array.from({ length: 20_000 }, () => 0.5));
heap.collect();
const living = getHeapStatistics().used_heap_size;
let largest = 0;
for (let i = 0; i < 1_500; i += 1) {
  retained[i % retained.length] = Array.from({ length: 20_000 }, () => 0.5);
  largest = Math.max(largest, heap.size());
}
console.log(JSON.stringify({ living, largest }));
