// The container's health check: ends with 0 when the operator's port says that Usher is live.
const port = process.env.OPS_PORT || '3001';
const { ok } = await fetch(`http://127.0.0.1:${port}/livez`);
process.exitCode = ok ? 0 : 1;
