import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadPolicy } from '../../src/policy/load-policy.ts';
import type { Policy } from '../../src/policy/policy.ts';

/** Loads the policy of this text. */
export async function loadPolicyText(text: string): Promise<Policy> {
  const folder = mkdtempSync(join(tmpdir(), 'policy-'));
  const file = join(folder, 'policy.yaml');
  writeFileSync(file, text);
  try {
    return await loadPolicy([file]);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
