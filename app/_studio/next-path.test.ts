import { expect, test } from 'vitest';
import { safeNextPath, withNext } from './next-path.ts';

test.each(['/canvas/abc', '/invite/x_y-z', '/people?team=1'])('%s is kept', (path) => {
  expect(safeNextPath(path)).toBe(path);
});

test.each([
  '//evil.example',
  '/\\evil.example',
  'https://evil.example',
  'canvas',
  '',
  undefined,
  ['/a', '/b'],
  '/a b',
])('%s is not followed', (path) => {
  expect(safeNextPath(path)).toBe('/');
});

test('the way back is written into the address', () => {
  expect(withNext('/sign-in', '/invite/abc')).toBe('/sign-in?next=%2Finvite%2Fabc');
  expect(withNext('/sign-in', '/')).toBe('/sign-in');
});
