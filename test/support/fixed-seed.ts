import fc from 'fast-check';

// Properties try the same values in each run, so that only a change of the code can turn a run red. `npm run fuzz` tries others.
fc.configureGlobal({ seed: 1 });
