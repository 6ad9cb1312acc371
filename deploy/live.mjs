// The container's health check: exits with 0 if the operator's port reports that Usher is live.
const port = process.env.OPS_PORT || '3001';
const { ok } = await fetch(`http://127.0.0.1:${port}/livez`);
process.exitCode = ok ? 0 : 1;
