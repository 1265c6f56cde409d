'use client';

import { useQuery } from '@tanstack/react-query';
import { noAbilities, type PackAbilities, packAbilitiesSchema } from '../../../shared/contracts/abilities.ts';

/** What the pack can do beside painting; null until known. */
export function useAbilities(pack: string): PackAbilities | null {
  const abilities = useQuery({
    queryKey: ['abilities', pack],
    queryFn: async () => {
      const response = await fetch(`/api/packs/${encodeURIComponent(pack)}/abilities`);
      if (!response.ok) throw new Error(`the abilities of ${pack} could not be read`);
      return packAbilitiesSchema.safeParse(await response.json()).data ?? noAbilities;
    },
    // A pack may be exchanged for a newer one while a page is open.
    staleTime: 60_000,
  });
  return abilities.data ?? null;
}
