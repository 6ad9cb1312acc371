/** Says which tests do not run and why; where USHER_TEST_REQUIRE has the name of what they need, that is a failure. */
export function reportSkipped(need: string, what: string): void {
  if ((process.env['USHER_TEST_REQUIRE'] ?? '').split(' ').includes(need)) throw new Error(what);
  console.log(`Skipped: ${what}.`);
}
