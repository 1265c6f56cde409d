import { z } from 'zod';

/** A name that a person gives: trimmed, one line, without control characters. */
export const nameSchema = z
  .string()
  .transform((text) => text.normalize('NFC').trim())
  .pipe(
    z
      .string()
      .min(1, 'must not be empty')
      .max(120, 'must not be longer than 120 characters')
      .regex(/^[^\p{Cc}\p{Cs}]*$/u, 'must not contain control characters'),
  );
