type Rgb = readonly [red: number, green: number, blue: number];

/**
 * The colours of a segmentation map's regions, as the house packs were trained with them
 * (models/training/data/composer.py, SEGMENT_COLORS): the background, the ground, then things from the first drawn to the last.
 */
export const segmentColors: readonly Rgb[] = [
  [120, 180, 230],
  [120, 110, 90],
  [230, 80, 80],
  [80, 200, 120],
  [240, 200, 70],
];
