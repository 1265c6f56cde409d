import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { call } from '../testing/call.ts';
import { openTestWeb, type TestPerson, type TestWeb } from '../testing/web-services.ts';
import { buildWorld, type Cast, type World } from '../testing/world.ts';

let web: TestWeb;
let cast: Cast;
let mine: World;
let theirs: World;
let owner: TestPerson;

beforeAll(async () => {
  web = await openTestWeb();
  const people = async (): Promise<Cast> => ({
    viewer: await web.signUp('Viewer'),
    editor: await web.signUp('Editor'),
    owner: await web.signUp('Owner'),
    extra: await web.signUp('Extra'),
  });
  cast = await people();
  owner = cast.owner;
  mine = await buildWorld(web.services, cast);
  theirs = await buildWorld(web.services, await people());
});

afterAll(() => web.close());

function ask(path: string, type: 'query' | 'mutation', input: unknown) {
  return call(web.services, { path, type, input, cookie: owner.cookie });
}

describe('an owner who names their own team together with something of another', () => {
  it('cannot withdraw the other team’s invitation', async () => {
    const { organizationId } = mine;
    const answer = await ask('invitations.revoke', 'mutation', {
      organizationId,
      invitationId: theirs.invitationId,
    });
    expect(answer.code).toBe('not_found');
    const row = await web.services.database.invitation.findUniqueOrThrow({
      where: { id: theirs.invitationId },
    });
    expect(row.status).toBe('pending');
  });

  it('cannot change or remove who is not a member', async () => {
    const input = { organizationId: mine.organizationId, userId: theirs.extraMemberId };
    expect((await ask('teams.setRole', 'mutation', { ...input, role: 'owner' })).code).toBe('not_found');
    expect((await ask('teams.removeMember', 'mutation', input)).code).toBe('not_found');
  });

  it('gets no link to and no description of the other team’s files', async () => {
    const input = { canvasId: mine.canvasId, hashes: [theirs.assetHash, mine.assetHash] };
    const links = await ask('assets.sign', 'query', input);
    expect(Object.keys(Object(links.data))).toEqual([mine.assetHash]);
    const described = await ask('assets.describe', 'query', input);
    expect(JSON.stringify(described.data)).not.toContain(theirs.assetHash);
  });

  it('reads nothing of the other team’s history', async () => {
    const input = { organizationId: mine.organizationId, canvasId: theirs.canvasId };
    const answer = await ask('generations.history', 'query', input);
    expect(JSON.stringify(answer.data)).not.toContain(theirs.generationId);
  });

  it('cannot throw away the other team’s pictures', async () => {
    await ask('generations.remove', 'mutation', {
      generationId: mine.generationId,
      outputId: theirs.outputId,
    });
    const row = await web.services.database.generationOutput.findUniqueOrThrow({
      where: { id: theirs.outputId },
    });
    expect(row.deletedAt).toBeNull();
  });
});

describe('what lies in the trash', () => {
  it('is not found until it is restored', async () => {
    const { projectId, canvasId, organizationId } = await buildWorld(web.services, cast);
    await ask('projects.moveToTrash', 'mutation', { projectId });
    expect((await ask('canvases.create', 'mutation', { projectId })).code).toBe('not_found');
    expect((await ask('canvases.openTicket', 'mutation', { canvasId })).code).toBe('not_found');
    expect((await ask('projects.rename', 'mutation', { projectId, name: 'x' })).code).toBe('not_found');
    const trash = await ask('projects.trash', 'query', { organizationId });
    expect(JSON.stringify(trash.data)).toContain(projectId);
    await ask('projects.restore', 'mutation', { projectId });
    expect((await ask('canvases.openTicket', 'mutation', { canvasId })).status).toBe(200);
  });

  it('comes back with the project when a canvas of a trashed project is restored', async () => {
    const { projectId, canvasId } = await buildWorld(web.services, cast);
    await ask('canvases.moveToTrash', 'mutation', { canvasId });
    await ask('projects.moveToTrash', 'mutation', { projectId });
    await ask('canvases.restore', 'mutation', { canvasId });
    expect((await ask('canvases.get', 'query', { canvasId })).status).toBe(200);
  });
});
