/** A decision that a person of the demo was given. */
export interface DemoDecision {
  readonly who: string;
  readonly channel: string;
  readonly status: number;
  readonly id: string;
  readonly token: string;
}

interface Visit {
  readonly who: string;
  readonly channel: string;
  readonly token: string;
  readonly path: string;
  readonly field?: string;
  readonly tenant?: string;
}

/** Each person of the demo requests each channel of the demo, with this `User-Agent`. For Usher outside production. */
export async function requestAsDemo(
  publicUrl: string,
  userAgent: string,
): Promise<readonly DemoDecision[]> {
  const visits = await visitsOf(publicUrl);
  const channels = [...new Set(visits.map(({ channel }) => channel))];
  const people = [...new Map(visits.map((visit) => [visit.who, visit])).values()];
  const decisions: DemoDecision[] = [];
  for (const { who, token, path, field, tenant } of people) {
    for (const channel of channels) {
      const body = new URLSearchParams({ socket_id: '1234.5678', channel_name: channel });
      const headers = new Headers({ 'user-agent': userAgent });
      if (field === undefined) headers.set('authorization', `Bearer ${token}`);
      else body.set(field, token);
      if (tenant !== undefined) headers.set('x-tenant-id', tenant);
      const response = await fetch(publicUrl + path, { method: 'POST', body, headers });
      const id = response.headers.get('x-decision-id') ?? '';
      decisions.push({ who, channel, status: response.status, id, token });
    }
  }
  return decisions;
}

async function visitsOf(publicUrl: string): Promise<readonly Visit[]> {
  const response = await fetch(`${publicUrl}/demo/visits`);
  const { visits } = (await response.json()) as { readonly visits: readonly Visit[] };
  return visits;
}
