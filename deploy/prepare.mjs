// Builds after an installation. Without the development dependencies (`npm ci --omit=dev`) that is not possible, and what was built before stays.
import { execSync } from 'node:child_process';
import { error, log } from 'node:console';
import { existsSync, readFileSync } from 'node:fs';
import { exit, versions } from 'node:process';
import refuseNodeVersion from '../bin/node-version.cjs';

const refusal = refuseNodeVersion(versions.node);
if (refusal !== undefined) {
  error(refusal);
  exit(1);
}
const { devDependencies } = JSON.parse(readFileSync('package.json', 'utf8'));
const missing = Object.keys(devDependencies).some((name) => !existsSync(`node_modules/${name}`));
if (!missing) execSync('npm run build', { stdio: 'inherit' });
else if (existsSync('dist'))
  log('Usher was not built again: the development dependencies were left out.');
else
  log(
    'Usher is not built, since the development dependencies were left out. "npm ci" without --omit=dev builds it.',
  );
