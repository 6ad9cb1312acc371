const units: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000 };

/** How long a response of a source may be cached, in milliseconds: an older one must not cause a grant. */
export const maxFreshMs = 60_000;

/** A time such as `5s` in milliseconds; NaN for another text. */
export function parseFreshMs(text: string): number {
  const [, amount, unit = ''] = /^([0-9]{1,7})([a-z]+)$/.exec(text) ?? [];
  return Number(amount) * (units[unit] ?? NaN);
}
