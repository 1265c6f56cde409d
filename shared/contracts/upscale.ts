import { longestEnlargedSide, shortestSide, type UpscaleScale } from './recipe.ts';

/** Why a picture is not enlarged, and what to do about it. */
interface UpscaleRefusal {
  readonly message: string;
  readonly fix: string;
}

interface Size {
  readonly width: number;
  readonly height: number;
}

/** Refuses a picture whose enlargement would be too long or too small; null for one that fits. */
export function refuseUpscale({ width, height }: Size, scale: UpscaleScale): UpscaleRefusal | null {
  const message = `The picture is ${inWords(width)} × ${inWords(height)}: enlarged ×${scale} it would be ${inWords(width * scale)} × ${inWords(height * scale)}.`;
  const longest = Math.max(width, height);
  const shortest = Math.min(width, height);
  if (longest * scale > longestEnlargedSide) {
    const most = `At most ${inWords(longestEnlargedSide)} pixels a side can be made.`;
    const canDouble = longest * 2 <= longestEnlargedSide && shortest * 2 >= shortestSide;
    return {
      message,
      fix: `${most} ${canDouble ? 'Enlarge it ×2, or make it smaller first.' : 'Make it smaller first.'}`,
    };
  }
  if (shortest * scale < shortestSide) {
    const least = `At least ${shortestSide} pixels a side are made.`;
    const canQuadruple = shortest * 4 >= shortestSide && longest * 4 <= longestEnlargedSide;
    return {
      message,
      fix: `${least} ${canQuadruple ? 'Enlarge it ×4.' : 'Take a larger picture.'}`,
    };
  }
  return null;
}

function inWords(pixels: number): string {
  return pixels.toLocaleString('en');
}
