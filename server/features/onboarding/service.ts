import type { Database } from '../../../prisma/client.ts';
import { createCanvasInside } from '../canvases/service.ts';
import { createProject } from '../projects/service.ts';
import { chooseTeam, createTeam } from '../teams/service.ts';

/** A prompt that the house model paints well. */
export const firstPrompt = 'a red fox in the snow';

export interface OpenedTeam {
  readonly organizationId: string;
  readonly projectId: string;
  readonly canvasId: string;
}

/** Makes a team, a project and a canvas ready to press Generate on: all of it or nothing. */
export function openTeam(
  database: Database,
  team: { readonly name: string; readonly userId: string; readonly sessionId: string },
): Promise<OpenedTeam> {
  const { name, userId, sessionId } = team;
  return database.$transaction(async (transaction) => {
    const organizationId = await createTeam(transaction, { name, actorId: userId });
    const projectId = await createProject(transaction, { organizationId, name: 'First project', userId });
    const canvasId = await createCanvasInside(transaction, {
      projectId,
      name: 'First canvas',
      userId,
      prompt: firstPrompt,
    });
    await chooseTeam(transaction, { sessionId, organizationId });
    return { organizationId, projectId, canvasId };
  });
}
