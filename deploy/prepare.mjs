// Builds Usher after an installation. Without the development dependencies (`npm ci --omit=dev`) it keeps an existing build.
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
  log('Usher was not rebuilt: the development dependencies are not installed.');
else
  log(
    'Usher is not built: the development dependencies are not installed. "npm ci" without --omit=dev builds it.',
  );
