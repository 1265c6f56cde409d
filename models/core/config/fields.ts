/** One field of a configuration: the value when it is absent, and how to read it. */
export interface Field<T> {
  readonly fallback: T;
  /** @throws RangeError naming the field when the value is not acceptable. */
  readonly read: (value: unknown, name: string) => T;
}

export type Fields = Readonly<Record<string, Field<unknown>>>;

/** The object a set of fields reads into. */
export type ConfigOf<F extends Fields> = { readonly [K in keyof F]: F[K] extends Field<infer T> ? T : never };

export function number(fallback: number): Field<number> {
  return {
    fallback,
    read(value, name) {
      if (typeof value === 'number' && Number.isFinite(value)) return value;
      throw refusal(name, value, 'a finite number');
    },
  };
}

export function integer(fallback: number, least = 0): Field<number> {
  return {
    fallback,
    read(value, name) {
      if (typeof value === 'number' && Number.isInteger(value) && value >= least) return value;
      throw refusal(name, value, `an integer of at least ${least}`);
    },
  };
}

/** A number that may also be minus infinity, which JSON writers spell in several ways. */
export function numberOrMinusInfinity(fallback: number): Field<number> {
  return {
    fallback,
    read(value, name) {
      if (typeof value === 'number' && !Number.isNaN(value)) return value;
      if (value === '-Infinity' || value === '-inf') return Number.NEGATIVE_INFINITY;
      throw refusal(name, value, 'a number');
    },
  };
}

export function boolean(fallback: boolean): Field<boolean> {
  return {
    fallback,
    read(value, name) {
      if (typeof value === 'boolean') return value;
      throw refusal(name, value, 'true or false');
    },
  };
}

export function choice<const T extends string>(fallback: T, allowed: readonly T[]): Field<T> {
  return {
    fallback,
    read(value, name) {
      const found = allowed.find((candidate) => candidate === value);
      if (found !== undefined) return found;
      throw refusal(name, value, `one of ${allowed.join(', ')}`);
    },
  };
}

export function integerList(): Field<readonly number[]> {
  return {
    fallback: [],
    read(value, name) {
      if (Array.isArray(value) && value.every((item) => Number.isInteger(item))) return value.map(Number);
      throw refusal(name, value, 'a list of integers');
    },
  };
}

export function numberList(): Field<readonly number[] | null> {
  return {
    fallback: null,
    read(value, name) {
      if (value === null) return null;
      if (Array.isArray(value) && value.every((item) => Number.isFinite(item))) return value.map(Number);
      throw refusal(name, value, 'a list of numbers, or null');
    },
  };
}

/** A field that may be absent or null. */
export function optional<T>(field: Field<T>): Field<T | null> {
  return { fallback: null, read: (value, name) => (value === null ? null : field.read(value, name)) };
}

function refusal(name: string, value: unknown, wanted: string): RangeError {
  return new RangeError(`${name} is ${JSON.stringify(value)}; it must be ${wanted}`);
}
