import { showDecision } from './decision.js';
import { showDecisions } from './decisions.js';

/** The views; the first one is shown without a name. One with a `link` is in the navigation. */
export const views = [
  { name: 'decisions', title: 'Decisions', link: true, show: showDecisions },
  { name: 'decision', title: 'Decision', parent: 'decisions', show: showDecision },
];
