// Builds after an installation. Where the tools for it were left out (`npm ci --omit=dev`), what was built before stays.
import { execSync } from 'node:child_process';
import { log } from 'node:console';
import { existsSync } from 'node:fs';

if (existsSync('node_modules/typescript')) execSync('npm run build', { stdio: 'inherit' });
else log('Not built: that takes a plain npm ci.');
