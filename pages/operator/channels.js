import { getJson, withQuery } from './api.js';
import { definitions, element } from './dom.js';

/** The channels of the policy in use, with the rules of each kind of principal. */
export async function showChannels(content, { signal }) {
  const [{ hash, files, problems }, { channels }] = await Promise.all([
    getJson('policy', { signal }),
    getJson('channels', { signal }),
  ]);
  content.append(
    ...(problems ? [problemList(problems)] : []),
    definitions({ Policy: hash, Files: files.join(', ') }),
    ...channels.map(channelSection),
  );
}

function problemList(problems) {
  return element(
    'div',
    { role: 'alert' },
    'The files of the policy have problems. The last good policy is in use.',
    element(
      'ul',
      {},
      problems.map((each) => element('li', {}, each)),
    ),
  );
}

function channelSection({
  family,
  patterns,
  about,
  checks,
  application_decides: isDeciding,
  last_hour: hour,
}) {
  return element(
    'section',
    { class: 'card' },
    element('h2', {}, patterns.join(', ')),
    element('p', {}, about, isDeciding ? ' The application decides as well.' : undefined),
    element('p', {}, `Last hour: ${hour.granted} granted, ${hour.refused} refused.`),
    Object.entries(checks).map(([kind, names]) => rules(kind, names)),
    element('a', { href: withQuery('#decisions', { family }) }, 'Decisions on these channels'),
  );
}

function rules(kind, names) {
  return element(
    'details',
    {},
    element('summary', {}, `${kind}: ${names.length} checks`),
    element(
      'ol',
      {},
      names.map((name) => element('li', {}, name)),
    ),
  );
}
