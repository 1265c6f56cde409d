import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type AccessPolicy, holdsRole } from '../features/access/policy.ts';
import { call } from '../testing/call.ts';
import { exampleInputs, listProcedures } from '../testing/procedures.ts';
import { openTestWeb, type TestPerson, type TestWeb } from '../testing/web-services.ts';
import { buildWorld, type Cast, type World } from '../testing/world.ts';

const identities = [
  'nobody',
  'forged session',
  'expired session',
  'other team',
  'removed member',
  'viewer',
  'editor',
  'owner',
] as const;
type Identity = (typeof identities)[number];

/** What an identity must be told: `done` is any answer that did the work or refused it for what it is, not for who asks. */
type Expectation = 'not_signed_in' | 'not_found' | 'not_allowed' | 'done';

/** Who each procedure is for. Written down a second time here, so that a policy is never loosened by accident. */
const declared: Readonly<Record<string, string>> = {
  'accounts.me': 'signed-in',
  'accounts.updateName': 'signed-in',
  'assets.describe': 'canvas viewer',
  'assets.sign': 'canvas viewer',
  'canvases.create': 'project editor',
  'canvases.duplicate': 'canvas editor',
  'canvases.get': 'canvas viewer',
  'canvases.list': 'project viewer',
  'canvases.moveToTrash': 'canvas editor',
  'canvases.openTicket': 'canvas viewer',
  'canvases.rename': 'canvas editor',
  'canvases.restore': 'canvas editor',
  'examples.list': 'signed-in',
  'examples.open': 'project editor',
  'generations.cancel': 'generation editor',
  'generations.enlarge': 'canvas editor',
  'generations.events': 'team viewer',
  'generations.get': 'generation viewer',
  'generations.history': 'team viewer',
  'generations.moveToFront': 'generation editor',
  'generations.pause': 'generation editor',
  'generations.pools': 'team viewer',
  'generations.queue': 'team viewer',
  'generations.remove': 'generation editor',
  'generations.request': 'canvas editor',
  'generations.restore': 'generation editor',
  'generations.resume': 'generation editor',
  'generations.retry': 'generation editor',
  'generations.runAgain': 'generation editor',
  'invitations.accept': 'signed-in',
  'invitations.create': 'team owner',
  'invitations.describe': 'public',
  'invitations.list': 'team owner',
  'invitations.revoke': 'team owner',
  'projects.create': 'team editor',
  'projects.duplicate': 'project editor',
  'projects.get': 'project viewer',
  'projects.list': 'team viewer',
  'projects.moveToTrash': 'project editor',
  'projects.rename': 'project editor',
  'projects.restore': 'project editor',
  'projects.trash': 'team viewer',
  'teams.choose': 'team viewer',
  'teams.create': 'signed-in',
  'teams.current': 'signed-in',
  'teams.leave': 'team viewer',
  'teams.list': 'signed-in',
  'teams.members': 'team viewer',
  'teams.removeMember': 'team owner',
  'teams.rename': 'team owner',
  'teams.setRole': 'team owner',
};

/** The expected table: one cell for each identity and policy. Nothing else in the test knows who may do what. */
function expected(policy: AccessPolicy, identity: Identity): Expectation {
  if (policy.kind === 'public') return 'done';
  switch (identity) {
    case 'nobody':
    case 'forged session':
    case 'expired session':
      return 'not_signed_in';
    case 'other team':
    case 'removed member':
      return policy.kind === 'signed-in' ? 'done' : 'not_found';
    case 'viewer':
    case 'editor':
    case 'owner':
      return policy.kind === 'signed-in' || holdsRole(identity, policy.role) ? 'done' : 'not_allowed';
  }
}

/** Where the right person with the right input is still refused, because of how things stand in the test's world. */
const refusedByState: Readonly<Record<string, Partial<Record<Identity, string>>>> = {
  // The last owner stays.
  'teams.leave': { owner: 'conflict' },
  // The generation is over.
  'generations.cancel': { editor: 'conflict', owner: 'conflict' },
  'generations.moveToFront': { editor: 'conflict', owner: 'conflict' },
  'generations.pause': { editor: 'conflict', owner: 'conflict' },
  'generations.resume': { editor: 'conflict', owner: 'conflict' },
  // The canvas has no pictures.
  'generations.enlarge': { editor: 'bad_input', owner: 'bad_input' },
  // No worker runs here.
  'generations.request': { editor: 'unavailable', owner: 'unavailable' },
  'generations.retry': { editor: 'unavailable', owner: 'unavailable' },
  'generations.runAgain': { editor: 'unavailable', owner: 'unavailable' },
};

let web: TestWeb;
let cast: Cast & { readonly stranger: TestPerson; readonly removed: TestPerson };
let cookies: Readonly<Record<Identity, string | null>>;

beforeAll(async () => {
  web = await openTestWeb();
  cast = {
    viewer: await web.signUp('Viewer'),
    editor: await web.signUp('Editor'),
    owner: await web.signUp('Owner'),
    extra: await web.signUp('Extra'),
    stranger: await web.signUp('Stranger'),
    removed: await web.signUp('Removed'),
  };
  const expired = await web.signUp('Expired');
  const { database } = web.services;
  await database.session.update({
    where: { id: expired.sessionId },
    data: { expiresAt: new Date(Date.now() - 1000) },
  });
  // The stranger owns a team of their own, so that "some owner" is not enough.
  await database.organization.create({
    data: {
      name: 'Others',
      slug: 'others',
      members: { create: { userId: cast.stranger.userId, role: 'owner' } },
    },
  });
  const real = cast.owner.cookie;
  cookies = {
    nobody: null,
    'forged session': real.replace(/\.[^;]*/, `.${'A'.repeat(43)}%3D`),
    'expired session': expired.cookie,
    'other team': cast.stranger.cookie,
    'removed member': cast.removed.cookie,
    viewer: cast.viewer.cookie,
    editor: cast.editor.cookie,
    owner: cast.owner.cookie,
  };
  expect(cookies['forged session']).not.toBe(real);
});

afterAll(() => web.close());

describe('every procedure, asked by eight identities', () => {
  const procedures = listProcedures();

  it('is there at all', () => expect(procedures.length).toBeGreaterThan(30));

  it('has an example input, and no example is left over', () => {
    expect(Object.keys(exampleInputs).sort()).toEqual(procedures.map(({ path }) => path).sort());
  });

  it('declares the policy that is written down here', () => {
    const found = procedures.map(({ path, policy }) => [path, policy === null ? 'none' : spell(policy)]);
    expect(Object.fromEntries(found)).toEqual(declared);
  });

  for (const { path, type, policy } of procedures) {
    it(`${path} answers each as its policy says`, async () => {
      if (policy === null) throw new Error(`${path} declares no policy.`);
      const example = exampleInputs[path];
      if (example === undefined) throw new Error(`${path} has no example input.`);
      const { services } = web;
      let world = await openWorld();
      for (const identity of identities) {
        const wanted = expected(policy, identity);
        const answer = await call(services, { path, type, input: example(world), cookie: cookies[identity] });
        const label = `${path} for ${identity}: ${answer.status} ${answer.code ?? ''} ${answer.message ?? ''}`;
        if (wanted !== 'done') {
          expect(answer.code, label).toBe(wanted);
          continue;
        }
        const byState = refusedByState[path]?.[identity] ?? null;
        expect(answer.code, label).toBe(byState);
        if (byState === null) expect(answer.status, label).toBe(200);
        // What this one did must not decide for the next.
        world = await openWorld();
      }
    });
  }
});

function spell(policy: AccessPolicy): string {
  return 'role' in policy ? `${policy.kind} ${policy.role}` : policy.kind;
}

/** A new world, in which the removed member was an owner and then went. */
async function openWorld(): Promise<World> {
  const { services } = web;
  const world = await buildWorld(services, cast);
  const member = { organizationId: world.organizationId, userId: cast.removed.userId };
  await services.database.member.create({ data: { ...member, role: 'owner' } });
  await services.database.member.deleteMany({ where: member });
  return world;
}
