import { showChannels } from './channels.js';
import { showConnections } from './connections.js';
import { showDecision } from './decision.js';
import { showDecisions } from './decisions.js';
import { showDoctor } from './doctor.js';
import { showExplain } from './explain.js';
import { showOverview } from './overview.js';
import { showRevoke } from './revoke.js';
import { showTry } from './try.js';

/** The views; the first one is shown without a name. One with a `link` is in the navigation. */
export const views = [
  { name: 'decisions', title: 'Decisions', link: true, show: showDecisions },
  { name: 'decision', title: 'Decision', parent: 'decisions', show: showDecision },
  { name: 'explain', title: 'Explain', link: true, show: showExplain },
  { name: 'try', title: 'Try', link: true, show: showTry },
  { name: 'channels', title: 'Channels', link: true, show: showChannels },
  { name: 'connections', title: 'Connections', link: true, show: showConnections },
  { name: 'overview', title: 'Last hour', link: true, show: showOverview },
  { name: 'doctor', title: 'Doctor', link: true, show: showDoctor },
  { name: 'revoke', title: 'Revoke', link: true, show: showRevoke },
];
