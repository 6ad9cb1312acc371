/** Prints which tests do not run and why. If USHER_TEST_REQUIRE names a missing requirement, the run fails. */
export function reportSkipped(need: string, what: string): void {
  if ((process.env['USHER_TEST_REQUIRE'] ?? '').split(' ').includes(need)) throw new Error(what);
  console.log(`Skipped: ${what}.`);
}
