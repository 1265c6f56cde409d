'use client';

import { useState } from 'react';
import { classNames } from './class-names.ts';
import { Icon } from './icon.tsx';

/**
 * A stored picture. Until it is there, its place is quiet; when it cannot be had, the place says so instead of showing a
 * broken image.
 */
export function Picture({
  src,
  alt,
  width,
  height,
  fit = 'cover',
  className,
}: {
  readonly src: string | null;
  readonly alt: string;
  readonly width?: number | undefined;
  readonly height?: number | undefined;
  readonly fit?: 'cover' | 'contain' | undefined;
  readonly className?: string | undefined;
}) {
  // Keyed by address: a new signed link of the same picture is a new try.
  const [failed, setFailed] = useState<string | null>(null);
  if (src === null || failed === src) {
    return (
      <span
        {...(alt === ''
          ? { 'aria-hidden': true }
          : { role: 'img', 'aria-label': src === null ? alt : `${alt} (could not be loaded)` })}
        className={classNames('flex items-center justify-center bg-pressed text-ink-faint', className)}
      >
        <Icon name={src === null ? 'image' : 'warning'} size={20} />
      </span>
    );
  }
  return (
    <img
      alt={alt}
      className={classNames('bg-pressed', fit === 'cover' ? 'object-cover' : 'object-contain', className)}
      decoding="async"
      draggable={false}
      height={height}
      loading="lazy"
      onError={() => setFailed(src)}
      src={src}
      width={width}
    />
  );
}
