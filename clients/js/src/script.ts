import { usherAuth } from './index.ts';

// For pages without a build: `<script src="https://usher.example/usher-client.js">`.
Object.assign(globalThis, { usherAuth });
