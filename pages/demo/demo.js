/* global Pusher, usherAuth */
// The page of GET /demo. Text from other people is only ever set with `textContent`.

const serverLine = document.getElementById('server');
const people = document.getElementById('people');

const load = async (seconds = 3600) => (await fetch(`/demo/visits?seconds=${seconds}`)).json();

const { pusher: server, visits } = await load();
if (globalThis.Pusher === undefined) {
  warn(
    'pusher-js is not installed here. Run "npm ci" with the development dependencies, then "npm run demo".',
  );
} else if (visits.length === 0) {
  warn('The policy has no demo whose tokens can be signed with the configured secrets.');
} else {
  const channels = [...new Set(visits.map(({ channel }) => channel))];
  for (const who of new Set(visits.map((visit) => visit.who))) showPerson(who, channels);
}

function warn(text) {
  serverLine.setAttribute('role', 'alert');
  serverLine.textContent = text;
}

/** Shows one person, with a connection of its own. */
function showPerson(who, channels) {
  const section = document.getElementById('person').content.cloneNode(true).firstElementChild;
  const part = (selector) => section.querySelector(selector);
  part('h2').textContent = who;
  people.append(section);
  const log = (text) => {
    const line = document.createElement('li');
    line.textContent = `${new Date().toLocaleTimeString()} ${text}`;
    part('.events').prepend(line);
  };
  let lifetime = 3600;
  const tokenOf = async () => (await load(lifetime)).visits.find((visit) => visit.who === who);

  let pusher;
  const connect = async () => {
    pusher?.disconnect();
    pusher = await open(tokenOf, log);
    showConnection(pusher, part('.connection'), log);
    part('.channels').replaceChildren(
      ...channels.map((name) => showChannel(pusher.subscribe(name), log)),
    );
  };
  part('form').addEventListener('submit', (event) => {
    event.preventDefault();
    const { text } = event.target.elements;
    for (const channel of pusher.allChannels()) {
      if (channel.subscribed) channel.trigger('client-message', { who, text: text.value });
    }
    log(`sent “${text.value}”`);
    text.value = '';
  });
  part('.expire').addEventListener('click', () => {
    lifetime = 12;
    log('connects with tokens of 12 seconds');
    void connect();
  });
  void connect();
}

/** Opens a connection that authorizes by the route of this person. */
async function open(tokenOf, log) {
  const visit = await tokenOf();
  const options = optionsOf(server);
  if (visit.field !== undefined) {
    // A route of the policy, with the token in a field of the form.
    const customHandler = async (asked, callback) => {
      const { token } = await tokenOf();
      await authorize(visit, { ...asked, token }, callback);
    };
    return new Pusher(server.key, { ...options, channelAuthorization: { customHandler } });
  }
  const headersOf = ({ token, tenant }) => ({
    Authorization: `Bearer ${token}`,
    ...(tenant === undefined ? {} : { 'X-Tenant-ID': tenant }),
  });
  const usher = usherAuth({
    url: location.origin,
    headers: headersOf(visit),
    refresh: async () => {
      log('gets a fresh token');
      return headersOf(await tokenOf());
    },
    onSignedOut: () => log('is signed out'),
  });
  const { channelAuthorization, userAuthentication } = usher;
  const pusher = usher.attach(
    new Pusher(server.key, { ...options, channelAuthorization, userAuthentication }),
  );
  pusher.signin();
  return pusher;
}

/** As pusher-js does, and keeps the id of the decision. pusher-js passes only the message of the error on. */
async function authorize({ path, field }, { channelName, socketId, token }, callback) {
  const body = new URLSearchParams({
    socket_id: socketId,
    channel_name: channelName,
    [field]: token,
  });
  const response = await fetch(path, { method: 'POST', body });
  if (response.ok) callback(null, await response.json());
  else callback(new Error(`${response.status} ${response.headers.get('X-Decision-Id')}`), null);
}

function optionsOf({ cluster, host, port, tls }) {
  if (host === null || host === undefined) return { cluster: cluster ?? 'mt1' };
  const at = { wsHost: host, wsPort: port, wssPort: port, forceTLS: tls };
  return { cluster: '', enabledTransports: ['ws', 'wss'], ...at };
}

function showConnection({ connection }, line, log) {
  line.textContent = 'connecting';
  connection.bind('state_change', ({ current }) => {
    line.textContent = current;
    log(current);
    if (current === 'connected') serverLine.textContent = '';
    if (current !== 'unavailable' && current !== 'failed') return;
    warn(
      `No Pusher server at ${server.host ?? 'pusher.com'}. Stop Usher and run "npm run demo", which starts one.`,
    );
  });
}

/** Shows what happens to one channel. */
function showChannel(channel, log) {
  const item = document.createElement('li');
  const name = document.createElement('span');
  const state = document.createElement('strong');
  const detail = document.createElement('div');
  name.textContent = channel.name;
  detail.className = 'note';
  item.append(name, ' ', state, detail);
  const show = (className, text, more = '') => {
    item.className = className;
    state.textContent = text;
    detail.textContent = more;
  };
  show('', 'asks');
  channel.bind('pusher:subscription_succeeded', () =>
    show('granted', 'entered', membersOf(channel)),
  );
  channel.bind('pusher:subscription_error', async (failure) => {
    const [, status, decisionId] = /^(\d+) ([\w-]+)$/.exec(failure.error) ?? [
      ...['', failure.status, failure.decisionId],
    ];
    show('refused', `refused (${status ?? 'no response'})`);
    if (decisionId === undefined) return;
    const { failed_check: check } = await (await fetch(`/demo/decisions/${decisionId}`)).json();
    detail.textContent = `failed check: ${check ?? 'none, see the operator’s log'}`;
  });
  for (const event of ['pusher:member_added', 'pusher:member_removed']) {
    channel.bind(event, ({ id }) => {
      show('granted', 'entered', membersOf(channel));
      log(`${id} ${event === 'pusher:member_added' ? 'enters' : 'leaves'} ${channel.name}`);
    });
  }
  channel.bind('client-message', ({ who, text }) => log(`${who}: “${text}” in ${channel.name}`));
  return item;
}

/** The members of a presence channel. */
function membersOf({ members }) {
  if (members === undefined) return '';
  const ids = [];
  members.each(({ id }) => ids.push(id));
  return `here: ${ids.join(', ')}`;
}
