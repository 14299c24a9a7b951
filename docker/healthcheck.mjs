// Asks the process of this container how it is: `live` or `ready`. Exit code 0 is yes.
const url = `http://127.0.0.1:${process.env.MANAGEMENT_PORT}/health/${process.argv[2] ?? 'live'}`;
const healthy = await fetch(url, { signal: AbortSignal.timeout(2_500) }).then(
  (response) => response.ok,
  () => false,
);
process.exit(healthy ? 0 : 1);
