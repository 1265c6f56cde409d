import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Clock } from '../../../platform/clock.ts';
import { AppError } from '../../../platform/errors.ts';
import type { ContentHash } from '../../../shared/document/schema.ts';

/** The stored file itself, or a WebP of at most 256 pixels a side. */
export const assetVariants = ['original', 'thumbnail'] as const;
export type AssetVariant = (typeof assetVariants)[number];

export interface AssetName {
  readonly organizationId: string;
  readonly hash: ContentHash;
  readonly variant: AssetVariant;
}

export interface AssetLinks {
  /** A path below the web address that shows one file of one team until it expires, 5 to 10 minutes from now. */
  sign(name: AssetName): string;
  /** Passes for a link that `sign` made and that is still good. Errors: `not_found` for every other. */
  verify(name: AssetName, signature: { readonly expires: string; readonly mac: string }): void;
}

/** Links change only this often, so that a browser that asks again for the same picture has it cached. */
const slotMs = 5 * 60_000;

/**
 * Signs asset links with HMAC-SHA-256 over team, hash, variant and expiry. A link is a bearer right to read one file
 * for ten minutes at most; who may have one is decided before `sign` is called.
 */
export function createAssetLinks(key: Uint8Array, clock: Clock): AssetLinks {
  function macOf(name: AssetName, expires: string): Buffer {
    // Newlines cannot occur in any of the parts, so no two different names share a message.
    const message = ['gesso-asset/1', name.organizationId, name.hash, name.variant, expires].join('\n');
    return createHmac('sha256', key).update(message).digest();
  }
  return {
    sign(name) {
      const expires = String((Math.floor(clock.now().getTime() / slotMs) + 2) * slotMs);
      const mac = macOf(name, expires).toString('base64url');
      return `/api/assets/${name.organizationId}/${name.hash}?variant=${name.variant}&expires=${expires}&mac=${mac}`;
    },
    verify(name, { expires, mac }) {
      const given = Buffer.from(mac, 'base64url');
      const wanted = macOf(name, expires);
      const same = given.length === wanted.length && timingSafeEqual(given, wanted);
      // Re-encoding refuses the spellings that base64url decodes to the same bytes.
      if (!same || wanted.toString('base64url') !== mac) throw refused();
      if (Number(expires) < clock.now().getTime()) throw refused();
    },
  };
}

function refused(): AppError {
  return new AppError('not_found', 'This picture link is not valid any more.', { fix: 'Reload the page.' });
}
