export { usherAuth } from './usher-auth.ts';
export type * from './types.ts';
