import { expect, it } from 'vitest';
import { factAtPathOfKind } from '../../../src/http/routes/facts/fact-path.ts';

it.each(['/resources/wards/{clinic}/{ward}', '/resources/wards/{clinic}/{ward}/'])(
  'finds the facts of the second path %s',
  (path) => {
    const kind = { name: 'ward', ids: ['ward', 'clinic'], fields: {}, path };
    const segments = ['resources', 'wards', 'c1', 'w9'];
    expect(factAtPathOfKind(new Map([['ward', kind]]), segments)).toEqual({
      kind,
      ids: ['w9', 'c1'],
    });
  },
);
