import { randomBytes } from 'node:crypto';
import type { WebServices } from '../context.ts';
import { createCanvas } from '../features/canvases/service.ts';
import { createInvitation } from '../features/invitations/service.ts';
import { createProject } from '../features/projects/service.ts';
import type { TestPerson } from './web-services.ts';

/** A team with one of everything that a procedure may ask for. */
export interface World {
  readonly organizationId: string;
  readonly projectId: string;
  readonly canvasId: string;
  readonly generationId: string;
  readonly outputId: string;
  readonly invitationId: string;
  readonly invitationToken: string;
  readonly assetHash: string;
  /** A member beside the viewer, the editor and the owner, for being changed or removed. */
  readonly extraMemberId: string;
}

export interface Cast {
  readonly viewer: TestPerson;
  readonly editor: TestPerson;
  readonly owner: TestPerson;
  readonly extra: TestPerson;
}

export async function buildWorld(services: WebServices, cast: Cast): Promise<World> {
  const { database, clock } = services;
  const organization = await database.organization.create({
    data: {
      name: 'Team',
      slug: `team-${randomBytes(6).toString('hex')}`,
      members: {
        create: [
          { userId: cast.viewer.userId, role: 'viewer' },
          { userId: cast.editor.userId, role: 'editor' },
          { userId: cast.owner.userId, role: 'owner' },
          { userId: cast.extra.userId, role: 'viewer' },
        ],
      },
    },
  });
  const organizationId = organization.id;
  const userId = cast.owner.userId;
  const projectId = await createProject(database, { organizationId, name: 'Project', userId });
  const canvasId = await createCanvas(database, { projectId, name: 'Canvas', userId, prompt: 'a fox' });
  const assetHash = randomBytes(32).toString('hex');
  await database.asset.create({
    data: {
      organizationId,
      hash: assetHash,
      kind: 'image',
      mediaType: 'image/png',
      bytes: 1,
      width: 1,
      height: 1,
    },
  });
  const generation = await database.generation.create({
    data: {
      organizationId,
      canvasId,
      requestedById: cast.editor.userId,
      pool: 'image',
      pack: 'house-image',
      state: 'failed',
      prompt: 'a fox',
      request: generationRequest,
      outputs: {
        create: { index: 0, seed: 7n, assetHash, width: 256, height: 256, recipe: {} },
      },
    },
    include: { outputs: true },
  });
  const invitation = await createInvitation(database, {
    organizationId,
    inviterId: userId,
    role: 'editor',
    now: clock.now(),
  });
  return {
    organizationId,
    projectId,
    canvasId,
    assetHash,
    generationId: generation.id,
    outputId: generation.outputs[0]?.id ?? '',
    invitationId: invitation.id,
    invitationToken: invitation.token,
    extraMemberId: cast.extra.userId,
  };
}

const generationRequest = {
  pool: 'image',
  pack: 'house-image',
  mode: 'text-to-image',
  prompt: 'a fox',
  negativePrompt: '',
  seed: 7,
  count: 1,
  width: 256,
  height: 256,
  steps: 8,
  guidanceScale: 3,
  solver: 'flow-euler',
  strength: 0.6,
  frame: [0, 0, 256, 256],
  maskLayerIds: [],
  source: { kind: 'none' },
  controls: [],
  parentOutputId: null,
};
