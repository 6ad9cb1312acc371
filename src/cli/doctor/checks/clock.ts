import { fail, unknown, pass, type Check } from '../check-result.ts';
import { isFault, type Evidence } from '../evidence.ts';

/** Milliseconds; the `Date` of an answer is cut to the second, and on its way for a while. */
const maxSkewMs = 30_000;

/** Tokens expire by our clock, and the HTTP API refuses what is signed ten minutes off. */
export const clock: Check = {
  name: 'the clocks agree',
  run: (evidence) => {
    const clocks = datesIn(evidence).map(([whose, date]) => [whose, Date.parse(date)] as const);
    if (clocks.length === 0) return unknown('no answer told the time');
    const off = clocks.find(([, at]) => Math.abs(at - evidence.now) > maxSkewMs);
    if (off === undefined) return pass;
    const [whose, at] = off;
    const seconds = Math.round((evidence.now - at) / 1000);
    return fail(
      `The clock here is ${Math.abs(seconds)} s ${seconds > 0 ? 'ahead of' : 'behind'} that of ${whose}.`,
      'Let both machines set their clocks by NTP.',
    );
  },
};

function datesIn({ server, usher }: Evidence): readonly (readonly [string, string])[] {
  const ofServer = (server === undefined ? [] : [server.rest, server.greeting]).flatMap((result) =>
    isFault(result) || result.date === undefined ? [] : [result.date],
  );
  const ofUsher = isFault(usher.refusal) ? null : usher.refusal.headers.get('date');
  return [
    ...ofServer.slice(0, 1).map((date) => ['the Pusher server', date] as const),
    ...(ofUsher === null ? [] : [['Usher’s address', ofUsher] as const]),
  ];
}
