/** The grid of canvases: two on a phone, as many as fit elsewhere. */
export const canvasGridClass =
  'grid grid-cols-2 gap-x-3 gap-y-6 sm:grid-cols-[repeat(auto-fill,minmax(232px,1fr))] sm:gap-x-5 sm:gap-y-8';
