/** Says what is skipped; where the program is named in USHER_TEST_REQUIRE, that is a failure. */
export function reportMissing(program: string): void {
  const what = `${program} is not installed; its tests do not run`;
  if ((process.env['USHER_TEST_REQUIRE'] ?? '').split(' ').includes(program)) throw new Error(what);
  console.log(`Skipped: ${what}.`);
}
