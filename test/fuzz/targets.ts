import type { Target } from './target.ts';
import { bodyTargets } from './targets/bodies.ts';
import { credentialTargets } from './targets/credentials.ts';
import { nameTargets } from './targets/names.ts';
import { senderTargets } from './targets/senders.ts';
import { settingTargets } from './targets/settings.ts';

/** Every parser there is. */
export const parserTargets: readonly Target[] = [
  ...nameTargets,
  ...bodyTargets,
  ...credentialTargets,
  ...senderTargets,
  ...settingTargets,
];
