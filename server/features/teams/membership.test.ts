import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import * as Y from 'yjs';
import { z } from 'zod';
import type { Clock } from '../../../platform/clock.ts';
import { accessChangedChannel } from '../../../shared/contracts/generation.ts';
import { readCanvas } from '../../../shared/document/canvas.ts';
import { call } from '../../testing/call.ts';
import { openTestWeb, testOrigin, type TestPerson, type TestWeb } from '../../testing/web-services.ts';
import { buildWorld, type Cast, type World } from '../../testing/world.ts';
import { readCanvasState } from '../canvas-log/service.ts';

let web: TestWeb;
let cast: Cast;
let world: World;
let now = new Date();
const clock: Clock = { now: () => now };
const day = 24 * 60 * 60_000;

beforeAll(async () => {
  web = await openTestWeb(clock);
  cast = {
    viewer: await web.signUp('Viewer'),
    editor: await web.signUp('Editor'),
    owner: await web.signUp('Owner'),
    extra: await web.signUp('Extra'),
  };
  world = await buildWorld(web.services, cast);
});

afterAll(() => web.close());

function ask(person: TestPerson, path: string, type: 'query' | 'mutation', input: unknown) {
  return call(web.services, { path, type, input, cookie: person.cookie });
}

async function invite(role: string): Promise<string> {
  const { organizationId } = world;
  const answer = await ask(cast.owner, 'invitations.create', 'mutation', { organizationId, role });
  const { url } = z.object({ url: z.string() }).parse(answer.data);
  expect(url.startsWith(`${testOrigin}/invite/`)).toBe(true);
  return url.slice(`${testOrigin}/invite/`.length);
}

async function roleOf(person: TestPerson): Promise<string | null> {
  const member = await web.services.database.member.findFirst({
    where: { organizationId: world.organizationId, userId: person.userId },
  });
  return member?.role ?? null;
}

describe('an invitation', () => {
  it('makes one person a member with its role, and nobody after', async () => {
    const token = await invite('editor');
    const described = await ask(cast.viewer, 'invitations.describe', 'query', { token });
    expect(described.data).toMatchObject({
      state: 'open',
      teamName: 'Team',
      role: 'editor',
      invitedBy: 'Owner',
    });
    const first = await web.signUp('First');
    const second = await web.signUp('Second');
    expect((await ask(first, 'invitations.accept', 'mutation', { token })).status).toBe(200);
    expect(await roleOf(first)).toBe('editor');
    expect((await ask(second, 'invitations.accept', 'mutation', { token })).code).toBe('gone');
    expect(await roleOf(second)).toBeNull();
    const current = await ask(first, 'teams.current', 'query', undefined);
    expect(current.data).toMatchObject({ id: world.organizationId, role: 'editor' });
  });

  it('lets one of ten who use it at once in', async () => {
    const token = await invite('viewer');
    const people = await Promise.all(Array.from({ length: 10 }, (_, i) => web.signUp(`Racer ${i}`)));
    const answers = await Promise.all(
      people.map((person) => ask(person, 'invitations.accept', 'mutation', { token })),
    );
    expect(answers.filter(({ status }) => status === 200).length).toBe(1);
    expect(answers.filter(({ code }) => code === 'gone').length).toBe(9);
  });

  it('ends after seven days', async () => {
    const token = await invite('viewer');
    const late = await web.signUp('Late');
    const before = now;
    now = new Date(before.getTime() + 7 * day + 1000);
    expect((await ask(late, 'invitations.accept', 'mutation', { token })).code).toBe('gone');
    now = new Date(before.getTime() + 7 * day - 60_000);
    expect((await ask(late, 'invitations.accept', 'mutation', { token })).status).toBe(200);
    now = before;
  });

  it('is worth nothing once withdrawn, and the list no longer has it', async () => {
    const { organizationId } = world;
    const token = await invite('owner');
    const list = await ask(cast.owner, 'invitations.list', 'query', { organizationId });
    const [newest] = z.array(z.object({ id: z.string(), role: z.string() })).parse(list.data);
    expect(newest?.role).toBe('owner');
    await ask(cast.owner, 'invitations.revoke', 'mutation', { organizationId, invitationId: newest?.id });
    const guest = await web.signUp('Guest');
    expect((await ask(guest, 'invitations.accept', 'mutation', { token })).code).toBe('gone');
    const after = await ask(cast.owner, 'invitations.list', 'query', { organizationId });
    expect(JSON.stringify(after.data)).not.toContain(newest?.id);
  });

  it('is not used up by who is a member already, and does not change their role', async () => {
    const token = await invite('owner');
    expect((await ask(cast.viewer, 'invitations.accept', 'mutation', { token })).status).toBe(200);
    expect(await roleOf(cast.viewer)).toBe('viewer');
    const guest = await web.signUp('Guest');
    expect((await ask(guest, 'invitations.accept', 'mutation', { token })).status).toBe(200);
  });

  it('cannot be guessed or found in the database', async () => {
    const token = await invite('editor');
    const rows = await web.services.database.invitation.findMany();
    expect(JSON.stringify(rows)).not.toContain(token);
    const guess = token.slice(0, -1) + (token.endsWith('A') ? 'B' : 'A');
    expect((await ask(cast.viewer, 'invitations.describe', 'query', { token: guess })).code).toBe(
      'not_found',
    );
  });
});

describe('the last owner', () => {
  it('can neither leave, nor be removed, nor step down', async () => {
    const fresh = await buildWorld(web.services, cast);
    const { organizationId } = fresh;
    const userId = cast.owner.userId;
    const tries: readonly (readonly [string, object])[] = [
      ['teams.leave', { organizationId }],
      ['teams.removeMember', { organizationId, userId }],
      ['teams.setRole', { organizationId, userId, role: 'editor' }],
    ];
    for (const [path, input] of tries)
      expect((await ask(cast.owner, path, 'mutation', input)).code).toBe('conflict');
  });

  it('stays one when two owners demote each other at once', async () => {
    for (let round = 0; round < 5; round += 1) {
      const { organizationId } = await buildWorld(web.services, cast);
      await ask(cast.owner, 'teams.setRole', 'mutation', {
        organizationId,
        userId: cast.editor.userId,
        role: 'owner',
      });
      await Promise.all([
        ask(cast.owner, 'teams.setRole', 'mutation', {
          organizationId,
          userId: cast.editor.userId,
          role: 'viewer',
        }),
        ask(cast.editor, 'teams.setRole', 'mutation', {
          organizationId,
          userId: cast.owner.userId,
          role: 'viewer',
        }),
      ]);
      const owners = await web.services.database.member.count({ where: { organizationId, role: 'owner' } });
      expect(owners).toBe(1);
    }
  });
});

describe('a change of membership', () => {
  it('is told to every process when it is true, and written into the audit', async () => {
    const { organizationId } = await buildWorld(web.services, cast);
    const listener = new pg.Client({ connectionString: web.test.url });
    await listener.connect();
    const heard: unknown[] = [];
    listener.on('notification', ({ payload }) => heard.push(JSON.parse(payload ?? 'null')));
    await listener.query(`listen ${accessChangedChannel}`);
    try {
      const userId = cast.extra.userId;
      await ask(cast.owner, 'teams.setRole', 'mutation', { organizationId, userId, role: 'editor' });
      await ask(cast.owner, 'teams.removeMember', 'mutation', { organizationId, userId });
      await listener.query('select 1');
      expect(heard).toEqual([
        { organizationId, userId },
        { organizationId, userId },
      ]);
      const denied = await ask(cast.extra, 'teams.members', 'query', { organizationId });
      expect(denied.code).toBe('not_found');
      const audit = await web.services.database.auditEvent.findMany({
        where: { organizationId },
        orderBy: { createdAt: 'asc' },
      });
      expect(audit.slice(-2)).toMatchObject([
        {
          action: 'member.role-changed',
          actorId: cast.owner.userId,
          subject: { userId, from: 'viewer', to: 'editor' },
        },
        { action: 'member.removed', actorId: cast.owner.userId, subject: { userId, role: 'editor' } },
      ]);
    } finally {
      await listener.end();
    }
  });

  it('tells everyone in the team when a canvas goes to the trash', async () => {
    const { canvasId, organizationId } = await buildWorld(web.services, cast);
    const listener = new pg.Client({ connectionString: web.test.url });
    await listener.connect();
    const heard: unknown[] = [];
    listener.on('notification', ({ payload }) => heard.push(JSON.parse(payload ?? 'null')));
    await listener.query(`listen ${accessChangedChannel}`);
    try {
      await ask(cast.editor, 'canvases.moveToTrash', 'mutation', { canvasId });
      await listener.query('select 1');
      const everyone = [cast.viewer, cast.editor, cast.owner, cast.extra];
      expect(heard.length).toBe(4);
      expect(heard).toEqual(
        expect.arrayContaining(everyone.map(({ userId }) => ({ organizationId, userId }))),
      );
    } finally {
      await listener.end();
    }
  });
});

describe('a first team', () => {
  it('comes with a canvas whose prompt is typed already', async () => {
    const person = await web.signUp('New');
    expect((await ask(person, 'teams.current', 'query', undefined)).data).toBeNull();
    const made = await ask(person, 'teams.create', 'mutation', { name: '  Atelier  ' });
    const { organizationId, canvasId } = z
      .object({ organizationId: z.string(), canvasId: z.string() })
      .parse(made.data);
    expect((await ask(person, 'teams.current', 'query', undefined)).data).toEqual({
      id: organizationId,
      name: 'Atelier',
      role: 'owner',
    });
    const doc = new Y.Doc();
    Y.applyUpdate(doc, await readCanvasState(web.services.database, canvasId));
    expect(readCanvas(doc)).toMatchObject({ prompt: 'a red fox in the snow', frame: [0, 0, 256, 256] });
  });
});
