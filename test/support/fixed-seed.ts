import fc from 'fast-check';

// Properties use the same values in each run, so that only a change of the code can make a run fail. `npm run fuzz` uses others.
fc.configureGlobal({ seed: 1 });
